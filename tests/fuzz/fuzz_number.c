/* Decimal numbers: what is read prints as a text that gives the same number. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "io/number.h"

void fuzz_seeds(const fuzz_sink *sink)
{
    static const char *const texts[] = {"1", "-0.5", "+2.5e-3", ".5", " 1e308 ", "4.9e-324", "0.1", "123456789012345678901"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        fuzz_give_text(sink, texts[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[256], printed[SBJ_NUMBER_ROOM];
    double value, again;
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (sbj_number_parse(text, &value)) {
        sbj_number_print(value, printed);
        fuzz_must(sbj_number_parse(printed, &again) && again == value);
    }
    if (size >= sizeof value) { /* any number at all */
        memcpy(&value, data, sizeof value);
        sbj_number_print(value, printed);
        if (value - value == 0)
            fuzz_must(sbj_number_parse(printed, &again) && again == value);
    }
    return 0;
}
