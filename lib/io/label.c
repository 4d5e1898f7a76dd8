/* Integer labels from a table: a column of them, or conditions on columns.
 *
 *     rule       = column name | condition *("," condition)
 *     condition  = column "=" value ":" label | "else:" label, which comes last
 */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "io/number.h"
#include "io/table.h"

typedef struct condition {
    const char *value; /* NULL: fits always */
    double number;     /* the value as a number, or NaN */
    size_t column;
    int label;
} condition;

typedef struct label_rule {
    const char *written;
    char *text; /* a copy, cut into the pieces */
    condition *conditions;
    size_t count;
} label_rule;

/* "1" and "1.0" are integers, "1.5" is none. On failure `*why` tells the rest of "x ...". */
static bool parse_label(const char *text, int *label, const char **why)
{
    double value;
    *why = "is no integer";
    if (!sbj_number_parse(text, &value) || value != floor(value))
        return false;
    *why = "is outside -2147483648 to 2147483647";
    if (value < INT_MIN || value > INT_MAX)
        return false;
    *label = (int)value;
    return true;
}

/* ---- A column of labels ----------------------------------------------------------------------------------------- */

static bool has_column(const sbj_table *table, const char *name)
{
    for (size_t i = 0; i < sbj_table_columns(table); i++)
        if (strcmp(sbj_table_name(table, i), name) == 0)
            return true;
    return false;
}

static sbertja_status labels_of_column(const sbj_table *table, const char *name, int *labels, sbertja_error *error)
{
    size_t column;
    sbertja_status status = sbj_table_find(table, name, &column, error);
    for (size_t row = 0; row < sbj_table_rows(table) && status == SBERTJA_OK; row++) {
        const char *cell = sbj_table_cell(table, row, column, NULL), *why;
        if (!parse_label(cell, &labels[row], &why))
            status = sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: %s: \"%s\" %s", sbj_table_path(table),
                              sbj_table_line(table, row), name, cell, why);
    }
    return status;
}

/* ---- Conditions ------------------------------------------------------------------------------------------------- */

static sbertja_status bad_rule(const label_rule *rule, const char *piece, sbertja_error *error)
{
    return sbj_fail(error, SBERTJA_E_ARGUMENT,
                    "label rule \"%s\": \"%s\": expected column=value:label or a last else:label", rule->written,
                    piece);
}

/* Cuts `piece`, which ends with NUL, into its parts. */
static sbertja_status parse_condition(label_rule *rule, const sbj_table *table, char *piece, bool last,
                                      sbertja_error *error)
{
    condition *c = &rule->conditions[rule->count];
    char *equals = strchr(piece, '='), *colon = strrchr(piece, ':');
    const char *why;
    bool otherwise = equals == NULL && strncmp(piece, "else:", 5) == 0;
    if (colon == NULL || (otherwise ? !last : equals == NULL || equals > colon))
        return bad_rule(rule, piece, error);
    if (!parse_label(colon + 1, &c->label, &why))
        return sbj_fail(error, SBERTJA_E_ARGUMENT, "label rule \"%s\": label: \"%s\" %s", rule->written, colon + 1,
                        why);
    rule->count++;
    if (otherwise)
        return SBERTJA_OK;
    *equals = *colon = '\0';
    c->value = equals + 1;
    if (!sbj_number_parse(c->value, &c->number))
        c->number = NAN;
    return sbj_table_find(table, piece, &c->column, error);
}

static sbertja_status parse_rule(label_rule *rule, const sbj_alloc *alloc, const sbj_table *table, const char *text,
                                 sbertja_error *error)
{
    size_t pieces = 1;
    for (const char *c = text; *c != '\0'; c++)
        pieces += *c == ',';
    rule->written = text;
    rule->text = sbj_copy_text(alloc, text, strlen(text));
    rule->conditions = sbj_new(alloc, pieces, sizeof *rule->conditions);
    if (rule->text == NULL || rule->conditions == NULL)
        return sbj_no_memory(error, pieces * sizeof *rule->conditions);
    sbertja_status status = SBERTJA_OK;
    for (char *piece = rule->text; piece != NULL && status == SBERTJA_OK;) {
        char *comma = strchr(piece, ',');
        if (comma != NULL)
            *comma = '\0';
        status = parse_condition(rule, table, piece, comma == NULL, error);
        piece = comma == NULL ? NULL : comma + 1;
    }
    return status;
}

/* As text or as numbers: "1" fits "1.0". */
static bool fits(const condition *c, const sbj_table *table, size_t row)
{
    double number;
    if (c->value == NULL)
        return true;
    const char *cell = sbj_table_cell(table, row, c->column, NULL);
    return strcmp(cell, c->value) == 0 || (sbj_number_parse(cell, &number) && number == c->number);
}

static sbertja_status label_row(const label_rule *rule, const sbj_table *table, size_t row, int *label,
                                sbertja_error *error)
{
    for (size_t i = 0; i < rule->count; i++)
        if (fits(&rule->conditions[i], table, row)) {
            *label = rule->conditions[i].label;
            return SBERTJA_OK;
        }
    size_t column = rule->conditions[0].column;
    return sbj_fail(error, SBERTJA_E_FORMAT, "%s: line %zu: no condition of \"%s\" fits, %s is \"%s\"",
                    sbj_table_path(table), sbj_table_line(table, row), rule->written, sbj_table_name(table, column),
                    sbj_table_cell(table, row, column, NULL));
}

sbertja_status sbj_table_labels(const sbj_alloc *alloc, const sbj_table *table, const char *text, int *labels,
                                sbertja_error *error)
{
    label_rule rule = {NULL, NULL, NULL, 0};
    if (has_column(table, text) || strpbrk(text, "=:") == NULL)
        return labels_of_column(table, text, labels, error);
    sbertja_status status = parse_rule(&rule, alloc, table, text, error);
    for (size_t row = 0; row < sbj_table_rows(table) && status == SBERTJA_OK; row++)
        status = label_row(&rule, table, row, &labels[row], error);
    sbj_free(alloc, rule.conditions);
    sbj_free(alloc, rule.text);
    return status;
}
