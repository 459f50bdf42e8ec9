/* find, match, gmatch and gsub for tenants. */

#define _GNU_SOURCE
#include "pattern.h"

#include <ctype.h>
#include <string.h>

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
    pattern_start(&m, L, s, ls, p, lp);
    const char *at = s + init;
    do {
        const char *e = pattern_match_at(&m, at, p);
        if (!e) continue;
        if (!find) return pattern_push_captures(&m, at, e);
        lua_pushinteger(L, at - s + 1);
        lua_pushinteger(L, e - s);
        return pattern_push_captures(&m, NULL, NULL) + 2;
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
    pattern_start(&m, L, s, ls, p, lp);
    for (; at <= m.subject_end; at++) {
        const char *e = pattern_match_at(&m, at, p);
        if (!e || e - s == last) continue;
        lua_pushinteger(L, e - s);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_copy(L, -1, lua_upvalueindex(4));
        return pattern_push_captures(&m, at, e);
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
        const char *mark = memchr(t, PATTERN_ESCAPE, (size_t)(end - t));
        if (!mark) break;
        guard_step(m->L);
        luaL_addlstring(b, t, (size_t)(mark - t));
        unsigned char what = (unsigned char)mark[1]; /* '\0' at the end: refused below */
        if (what == PATTERN_ESCAPE) {
            luaL_addchar(b, PATTERN_ESCAPE);
        } else if (what == '0') {
            luaL_addlstring(b, s, (size_t)(e - s));
        } else if (isdigit(what)) {
            int i = what - '1';
            if (i < m->level && m->captures[i].length >= 0) {
                luaL_addlstring(b, m->captures[i].start, (size_t)m->captures[i].length);
            } else if (i == 0 && m->level == 0) {
                luaL_addlstring(b, s, (size_t)(e - s));
            } else {
                pattern_push_capture(m, i, s, e); /* a position, or an error */
                luaL_addvalue(b);
            }
        } else {
            luaL_error(m->L, "invalid use of '%c' in replacement string", PATTERN_ESCAPE);
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
        lua_call(L, pattern_push_captures(m, s, e), 1);
    } else if (kind == LUA_TTABLE) {
        pattern_push_capture(m, 0, s, e);
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
    pattern_start(&m, L, s, ls, p, lp);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    lua_Integer count = 0;
    const char *last = NULL;
    while (count < limit) {
        const char *e = pattern_match_at(&m, s, p);
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
    static const luaL_Reg functions[] = {{"find", pattern_find},
                                         {"match", pattern_match},
                                         {"gmatch", pattern_gmatch},
                                         {"gsub", pattern_gsub},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
