/* The rule that makes labels of a table's cells. */
#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "io/table.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    fuzz_give_text(sink, "cause");
    fuzz_give_text(sink, "cause=1:1,effect=1:2,else:0");
    fuzz_give_text(sink, "a=b:2=-7:-3,else:2147483647");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static sbj_table *table;
    static const char cells[] = "text\tcause\teffect\ta=b:2\n水\t1\t0\t-7\n火\t0\t1\t \n";
    sbertja_error error = {SBERTJA_OK, ""};
    int labels[2];
    if (table == NULL)
        fuzz_must(sbj_table_read(&sbj_malloc, fuzz_write("rule.tsv", cells, sizeof cells - 1), &table, &error) ==
                  SBERTJA_OK);
    char *rule = malloc(size + 1);
    fuzz_must(rule != NULL);
    memcpy(rule, data, size);
    rule[size] = '\0';
    if (sbj_table_labels(&sbj_malloc, table, rule, labels, &error) != SBERTJA_OK)
        fuzz_must(error.message[0] != '\0');
    free(rule);
    return 0;
}
