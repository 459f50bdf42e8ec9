#include "pattern.h"

#include <ctype.h>
#include <string.h>

#define MAX_DEPTH 200
#define OPEN_CAPTURE ((ptrdiff_t)-1)
#define POSITION_CAPTURE ((ptrdiff_t)-2)

static const char *attempt(matcher *m, const char *s, const char *p);

/* A step may scan a set as long as the pattern, so each one looks at the limits. */
static inline void burn(matcher *m) { guard_step(m->L); }

void pattern_start(matcher *m, lua_State *L, const char *s, size_t ls, const char *p, size_t lp) {
    m->L = L;
    m->subject = s;
    m->subject_end = s + ls;
    m->pattern_end = p + lp;
}

const char *pattern_match_at(matcher *m, const char *s, const char *p) {
    burn(m); /* an empty pattern takes no step of its own */
    m->depth = MAX_DEPTH;
    m->level = 0;
    return attempt(m, s, p);
}

/* ---- single characters ---- */

static bool in_class(int c, int class_letter) {
    bool is;
    switch (tolower(class_letter)) {
    case 'a': is = isalpha(c); break;
    case 'c': is = iscntrl(c); break;
    case 'd': is = isdigit(c); break;
    case 'g': is = isgraph(c); break;
    case 'l': is = islower(c); break;
    case 'p': is = ispunct(c); break;
    case 's': is = isspace(c); break;
    case 'u': is = isupper(c); break;
    case 'w': is = isalnum(c); break;
    case 'x': is = isxdigit(c); break;
    case 'z': is = c == 0; break;
    default: return class_letter == c;
    }
    return isupper(class_letter) ? !is : is;
}

/* `set` is at '[', `last` at its ']'. */
static bool in_set(int c, const char *set, const char *last) {
    bool found = true;
    const char *p = set + 1;
    if (*p == '^') {
        found = false;
        p++;
    }
    for (; p < last; p++) {
        if (*p == PATTERN_ESCAPE) {
            p++;
            if (in_class(c, (unsigned char)*p)) return found;
        } else if (p[1] == '-' && p + 2 < last) {
            if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2]) return found;
            p += 2;
        } else if ((unsigned char)*p == c) {
            return found;
        }
    }
    return !found;
}

/* The end of the single-character item that starts at p. */
static const char *item_end(matcher *m, const char *p) {
    char first = *p++;
    if (first == PATTERN_ESCAPE) {
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[') return p;
    if (*p == '^') p++;
    /* A ']' right after the opening is a member of the set. */
    for (bool opening = true; opening || *p != ']'; opening = false) {
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == PATTERN_ESCAPE && p < m->pattern_end) p++;
    }
    return p + 1;
}

static inline bool accepts(const matcher *m, const char *s, const char *item, const char *end) {
    if (s >= m->subject_end) return false;
    int c = (unsigned char)*s;
    switch (*item) {
    case '.': return true;
    case PATTERN_ESCAPE: return in_class(c, (unsigned char)item[1]);
    case '[': return in_set(c, item, end - 1);
    default: return (unsigned char)*item == c;
    }
}

/* ---- repetitions ---- */

static const char *longest(matcher *m, const char *s, const char *item, const char *end) {
    ptrdiff_t count = 0;
    while (accepts(m, s + count, item, end)) {
        burn(m);
        count++;
    }
    for (; count >= 0; count--) {
        const char *rest = attempt(m, s + count, end + 1);
        if (rest) return rest;
    }
    return NULL;
}

static const char *shortest(matcher *m, const char *s, const char *item, const char *end) {
    for (;; s++) {
        const char *rest = attempt(m, s, end + 1);
        if (rest) return rest;
        if (!accepts(m, s, item, end)) return NULL;
    }
}

/* ---- captures, %b, %f, %1 ---- */

static const char *open_capture(matcher *m, const char *s, const char *p, ptrdiff_t kind) {
    if (m->level >= PATTERN_CAPTURES) luaL_error(m->L, "too many captures");
    m->captures[m->level++] = (pattern_capture){s, kind};
    const char *rest = attempt(m, s, p);
    if (!rest) m->level--;
    return rest;
}

static const char *close_capture(matcher *m, const char *s, const char *p) {
    int i = m->level;
    do {
        if (--i < 0) luaL_error(m->L, "invalid pattern capture");
    } while (m->captures[i].length != OPEN_CAPTURE);
    m->captures[i].length = s - m->captures[i].start;
    const char *rest = attempt(m, s, p);
    if (!rest) m->captures[i].length = OPEN_CAPTURE;
    return rest;
}

static const char *back_reference(matcher *m, const char *s, int digit) {
    int i = digit - '1';
    if (i < 0 || i >= m->level || m->captures[i].length == OPEN_CAPTURE)
        luaL_error(m->L, "invalid capture index %%%d", i + 1);
    ptrdiff_t length = m->captures[i].length;
    if (length < 0 || m->subject_end - s < length) return NULL;
    return memcmp(m->captures[i].start, s, (size_t)length) == 0 ? s + length : NULL;
}

static const char *balanced(matcher *m, const char *s, const char *p) {
    if (p >= m->pattern_end - 1) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
    if (*s != *p) return NULL;
    char open = p[0], close = p[1];
    size_t nested = 1;
    while (++s < m->subject_end) {
        burn(m);
        if (*s == close) {
            if (--nested == 0) return s + 1;
        } else if (*s == open) {
            nested++;
        }
    }
    return NULL;
}

/* ---- the matcher ---- */

/* The end of a match of the pattern p … at s, or NULL. */
static const char *attempt(matcher *m, const char *s, const char *p) {
    if (m->depth-- == 0) luaL_error(m->L, "pattern too complex");
    while (s && p != m->pattern_end) {
        burn(m);
        switch (*p) {
        case '(':
            s = p[1] == ')' ? open_capture(m, s, p + 2, POSITION_CAPTURE) : open_capture(m, s, p + 1, OPEN_CAPTURE);
            goto done;
        case ')': s = close_capture(m, s, p + 1); goto done;
        case '$':
            if (p + 1 == m->pattern_end) {
                if (s != m->subject_end) s = NULL;
                goto done;
            }
            break;
        case PATTERN_ESCAPE:
            switch (p[1]) {
            case 'b':
                s = balanced(m, s, p + 2);
                p += 4;
                continue;
            case 'f': {
                p += 2;
                if (*p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
                const char *end = item_end(m, p);
                int before = s == m->subject ? 0 : (unsigned char)s[-1];
                if (in_set(before, p, end - 1) || !in_set((unsigned char)*s, p, end - 1)) s = NULL;
                p = end;
                continue;
            }
            case '0':
            case '1':
            case '2':
            case '3':
            case '4':
            case '5':
            case '6':
            case '7':
            case '8':
            case '9':
                s = back_reference(m, s, (unsigned char)p[1]);
                p += 2;
                continue;
            default: break;
            }
            break;
        default: break;
        }
        const char *end = item_end(m, p);
        char repeat = *end;
        bool accepted = accepts(m, s, p, end);
        if (!accepted && (repeat == '*' || repeat == '?' || repeat == '-')) {
            p = end + 1;
            continue;
        }
        if (repeat == '*' || repeat == '+') {
            s = accepted ? longest(m, s + (repeat == '+'), p, end) : NULL;
            goto done;
        }
        if (repeat == '-') {
            s = shortest(m, s, p, end);
            goto done;
        }
        if (repeat == '?') {
            const char *rest = attempt(m, s + 1, end + 1);
            if (rest) {
                s = rest;
                goto done;
            }
            p = end + 1;
            continue;
        }
        s = accepted ? s + 1 : NULL;
        p = end;
    }
done:
    m->depth++;
    return s;
}

/* ---- results ---- */

void pattern_push_capture(matcher *m, int i, const char *s, const char *e) {
    if (i >= m->level) {
        if (i != 0) luaL_error(m->L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(m->L, s, (size_t)(e - s));
        return;
    }
    const pattern_capture *c = &m->captures[i];
    if (c->length == POSITION_CAPTURE) {
        lua_pushinteger(m->L, c->start - m->subject + 1);
    } else {
        if (c->length == OPEN_CAPTURE) luaL_error(m->L, "unfinished capture");
        lua_pushlstring(m->L, c->start, (size_t)c->length);
    }
}

int pattern_push_captures(matcher *m, const char *s, const char *e) {
    int count = m->level == 0 && s ? 1 : m->level;
    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++) pattern_push_capture(m, i, s, e);
    return count;
}
