/*
 * find, match, gmatch and gsub for tenants: Lua 5.4's patterns, matched by backtracking that counts its steps.
 *
 * Results, errors and limits (32 captures, 200 nested attempts) are the ones the manual and the stock library give;
 * what is added is fuel, so that `(".-"):rep(20)` on a long subject ends with the tenant's processor time.
 */
#define _GNU_SOURCE
#include "guarded.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE '%'
#define MAX_CAPTURES 32
#define MAX_DEPTH 200
#define OPEN_CAPTURE ((ptrdiff_t)-1)
#define POSITION_CAPTURE ((ptrdiff_t)-2)

typedef struct {
    const char *start;
    ptrdiff_t length; /* or OPEN_CAPTURE, POSITION_CAPTURE */
} capture;

typedef struct {
    lua_State *L;
    const char *subject, *subject_end;
    const char *pattern_end;
    int depth;     /* attempts that may still be nested */
    int level;     /* captures so far, finished or open */
    capture captures[MAX_CAPTURES];
} matcher;

static const char *attempt(matcher *m, const char *s, const char *p);

/* A step may scan a set as long as the pattern, so each one looks at the limits. */
static inline void burn(matcher *m) { guard_step(m->L); }

static void start(matcher *m, lua_State *L, const char *s, size_t ls, const char *p, size_t lp) {
    m->L = L;
    m->subject = s;
    m->subject_end = s + ls;
    m->pattern_end = p + lp;
}

static const char *match_at(matcher *m, const char *s, const char *p) {
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
        if (*p == ESCAPE) {
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
    if (first == ESCAPE) {
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
        return p + 1;
    }
    if (first != '[') return p;
    if (*p == '^') p++;
    /* A ']' right after the opening is a member of the set. */
    for (bool opening = true; opening || *p != ']'; opening = false) {
        if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
        if (*p++ == ESCAPE && p < m->pattern_end) p++;
    }
    return p + 1;
}

static inline bool accepts(const matcher *m, const char *s, const char *item, const char *end) {
    if (s >= m->subject_end) return false;
    int c = (unsigned char)*s;
    switch (*item) {
    case '.': return true;
    case ESCAPE: return in_class(c, (unsigned char)item[1]);
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
    if (m->level >= MAX_CAPTURES) luaL_error(m->L, "too many captures");
    m->captures[m->level++] = (capture){s, kind};
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
        case ')':
            s = close_capture(m, s, p + 1);
            goto done;
        case '$':
            if (p + 1 == m->pattern_end) {
                if (s != m->subject_end) s = NULL;
                goto done;
            }
            break;
        case ESCAPE:
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
            case '0': case '1': case '2': case '3': case '4':
            case '5': case '6': case '7': case '8': case '9':
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

/* [-0, +1] capture i; the whole match s…e for 0 in a pattern without captures */
static void push_capture(matcher *m, int i, const char *s, const char *e) {
    if (i >= m->level) {
        if (i != 0) luaL_error(m->L, "invalid capture index %%%d", i + 1);
        lua_pushlstring(m->L, s, (size_t)(e - s));
        return;
    }
    const capture *c = &m->captures[i];
    if (c->length == POSITION_CAPTURE) {
        lua_pushinteger(m->L, c->start - m->subject + 1);
    } else {
        if (c->length == OPEN_CAPTURE) luaL_error(m->L, "unfinished capture");
        lua_pushlstring(m->L, c->start, (size_t)c->length);
    }
}

/* [-0, +n] all captures, or the whole match s…e when there are none and s is given */
static int push_captures(matcher *m, const char *s, const char *e) {
    int count = m->level == 0 && s ? 1 : m->level;
    luaL_checkstack(m->L, count, "too many captures");
    for (int i = 0; i < count; i++) push_capture(m, i, s, e);
    return count;
}

/* A start position as Lua's string functions read it: 1 … , negative from the end. */
static size_t start_position(lua_Integer position, size_t length) {
    if (position > 0) return (size_t)position;
    if (position == 0 || position < -(lua_Integer)length) return 1;
    return length + (size_t)position + 1;
}

static bool is_plain(const char *p, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (p[i] != '\0' && strchr("^$*+?.([%-", p[i])) return false;
    return true;
}

/* Plain search in linear time (glibc's two-way memmem). */
static const char *search(const char *s, size_t ls, const char *p, size_t lp) {
    return lp == 0 ? s : lp > ls ? NULL : memmem(s, ls, p, lp);
}

static int find_or_match(lua_State *L, bool find) {
    size_t ls, lp;
    const char *s = luaL_checklstring(L, 1, &ls);
    const char *p = luaL_checklstring(L, 2, &lp);
    size_t init = start_position(luaL_optinteger(L, 3, 1), ls) - 1;
    if (init > ls) {
        luaL_pushfail(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || is_plain(p, lp))) {
        const char *at = search(s + init, ls - init, p, lp);
        guard_spend(L);
        if (!at) {
            luaL_pushfail(L);
            return 1;
        }
        lua_pushinteger(L, at - s + 1);
        lua_pushinteger(L, at - s + (lua_Integer)lp);
        return 2;
    }
    bool anchored = *p == '^';
    if (anchored) {
        p++;
        lp--;
    }
    matcher m;
    start(&m, L, s, ls, p, lp);
    const char *at = s + init;
    do {
        const char *e = match_at(&m, at, p);
        if (!e) continue;
        if (!find) return push_captures(&m, at, e);
        lua_pushinteger(L, at - s + 1);
        lua_pushinteger(L, e - s);
        return push_captures(&m, NULL, NULL) + 2;
    } while (at++ < m.subject_end && !anchored);
    luaL_pushfail(L);
    return 1;
}

static int pattern_find(lua_State *L) { return find_or_match(L, true); }
static int pattern_match(lua_State *L) { return find_or_match(L, false); }

/* upvalues: subject, pattern, next start (offset), end of the last match (offset or -1) */
static int gmatch_step(lua_State *L) {
    size_t ls, lp;
    const char *s = lua_tolstring(L, lua_upvalueindex(1), &ls);
    const char *p = lua_tolstring(L, lua_upvalueindex(2), &lp);
    const char *at = s + lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
    matcher m;
    start(&m, L, s, ls, p, lp);
    for (; at <= m.subject_end; at++) {
        const char *e = match_at(&m, at, p);
        if (!e || e - s == last) continue;
        lua_pushinteger(L, e - s);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_copy(L, -1, lua_upvalueindex(4));
        return push_captures(&m, at, e);
    }
    return 0;
}

static int pattern_gmatch(lua_State *L) {
    size_t ls;
    luaL_checklstring(L, 1, &ls);
    luaL_checkstring(L, 2);
    size_t init = start_position(luaL_optinteger(L, 3, 1), ls) - 1;
    if (init > ls) init = ls + 1;
    lua_settop(L, 2);
    lua_pushinteger(L, (lua_Integer)init);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_step, 4);
    return 1;
}

/* Adds the replacement string (argument 3) to b, with %0 … %9 filled in. */
static void add_template(matcher *m, luaL_Buffer *b, const char *s, const char *e) {
    size_t length;
    const char *t = lua_tolstring(m->L, 3, &length);
    const char *end = t + length;
    for (;;) {
        const char *mark = memchr(t, ESCAPE, (size_t)(end - t));
        if (!mark) break;
        burn(m);
        luaL_addlstring(b, t, (size_t)(mark - t));
        unsigned char what = (unsigned char)mark[1]; /* '\0' at the end: refused below */
        if (what == ESCAPE) {
            luaL_addchar(b, ESCAPE);
        } else if (what == '0') {
            luaL_addlstring(b, s, (size_t)(e - s));
        } else if (isdigit(what)) {
            int i = what - '1';
            if (i < m->level && m->captures[i].length >= 0) {
                luaL_addlstring(b, m->captures[i].start, (size_t)m->captures[i].length);
            } else if (i == 0 && m->level == 0) {
                luaL_addlstring(b, s, (size_t)(e - s));
            } else {
                push_capture(m, i, s, e); /* a position, or an error */
                luaL_addvalue(b);
            }
        } else {
            luaL_error(m->L, "invalid use of '%c' in replacement string", ESCAPE);
        }
        t = mark + 2;
    }
    luaL_addlstring(b, t, (size_t)(end - t));
}

/* Adds what the match s…e becomes. Returns whether that differs from the match itself. */
static bool add_replacement(matcher *m, luaL_Buffer *b, const char *s, const char *e, int kind) {
    lua_State *L = m->L;
    if (kind == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(m, s, e), 1);
    } else if (kind == LUA_TTABLE) {
        push_capture(m, 0, s, e);
        lua_gettable(L, 3);
    } else {
        add_template(m, b, s, e);
        return true;
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, s, (size_t)(e - s));
        return false;
    }
    if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(b);
    return true;
}

static int pattern_gsub(lua_State *L) {
    size_t ls, lp;
    const char *s = luaL_checklstring(L, 1, &ls);
    const char *p = luaL_checklstring(L, 2, &lp);
    int kind = lua_type(L, 3);
    lua_Integer limit = luaL_optinteger(L, 4, (lua_Integer)ls + 1);
    luaL_argexpected(L, kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE, 3,
                     "string/function/table");
    bool anchored = *p == '^', changed = false;
    if (anchored) {
        p++;
        lp--;
    }
    matcher m;
    start(&m, L, s, ls, p, lp);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    lua_Integer count = 0;
    const char *last = NULL;
    while (count < limit) {
        const char *e = match_at(&m, s, p);
        if (e && e != last) {
            count++;
            changed |= add_replacement(&m, &b, s, e, kind);
            s = last = e;
        } else if (s < m.subject_end) {
            luaL_addchar(&b, *s++);
        } else {
            break;
        }
        if (anchored) break;
    }
    if (changed) {
        luaL_addlstring(&b, s, (size_t)(m.subject_end - s));
        luaL_pushresult(&b);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}

void guarded_open_pattern(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"find", pattern_find}, {"match", pattern_match}, {"gmatch", pattern_gmatch}, {"gsub", pattern_gsub}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
