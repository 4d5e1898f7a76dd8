/* One progress bar on standard error, drawn only when that is a terminal. */
#ifndef SBERTJA_PROGRESS_H
#define SBERTJA_PROGRESS_H

#include <stddef.h>

int progress_on_terminal(void);
/* Draws "what [####    ]  42% tail", at most ten times a second and always at the end. */
void progress_draw(const char *what, size_t done, size_t total, const char *tail);
void progress_clear(void);
/* A sbertja_encode_progress; `user` is the text to the left of the bar. */
int progress_encode(void *user, size_t done, size_t total);

#endif
