/* Lua 5.4's patterns, matched by backtracking that counts its steps: results, errors and limits (32 captures, 200 nested
 * attempts) are the ones the manual and the stock library give; what is added is fuel, so that `(".-"):rep(20)` on a long
 * subject ends with the tenant's processor time. */
#ifndef MFLUA_PATTERN_H
#define MFLUA_PATTERN_H

#include "guarded.h"

#define PATTERN_ESCAPE '%'
#define PATTERN_CAPTURES 32

typedef struct {
    const char *start;
    ptrdiff_t length; /* or a mark: still open, or a position */
} pattern_capture;

/* A match under way, and what it has captured. */
typedef struct {
    lua_State *L;
    const char *subject, *subject_end;
    const char *pattern_end;
    int depth; /* attempts that may still be nested */
    int level; /* captures so far, finished or open */
    pattern_capture captures[PATTERN_CAPTURES];
} matcher;

/* Lays a pattern p against a subject s. [-0, +0, -] */
void pattern_start(matcher *m, lua_State *L, const char *s, size_t ls, const char *p, size_t lp);

/* The end of a match of the pattern at s, or NULL. [-0, +0, e] */
const char *pattern_match_at(matcher *m, const char *s, const char *p);

/* Capture i; the whole match s…e for 0 in a pattern without captures. [-0, +1, e] */
void pattern_push_capture(matcher *m, int i, const char *s, const char *e);

/* All captures, or the whole match s…e when there are none and s is given: their number. [-0, +n, e] */
int pattern_push_captures(matcher *m, const char *s, const char *e);

#endif
