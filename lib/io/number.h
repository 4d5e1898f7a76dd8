/* Decimal numbers as text, with a point whatever the host's locale says. */
#ifndef SBJ_NUMBER_H
#define SBJ_NUMBER_H

#include <stdbool.h>

enum { SBJ_NUMBER_ROOM = 32 };

/* "1", "-0.5", "+2.5e-3", ".5", with blanks around it or not. False for all else, such as "", "0x10", "1,5", "nan" and
 * what is too large for a double. */
bool sbj_number_parse(const char *text, double *value);
/* The shortest text that reads back as the same number; integers have no point, and -0 is "0". Also "nan", "inf",
 * "-inf", which sbj_number_parse does not read. */
void sbj_number_print(double value, char text[SBJ_NUMBER_ROOM]);

#endif
