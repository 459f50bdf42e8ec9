/*
 * load for tenants: text only, of limited size, in an environment of the tenant's.
 */
#define _GNU_SOURCE
#include "guarded.h"

#include <ctype.h>
#include <string.h>

/*
 * `local _ENV <const> = 1` makes Lua 5.4.4 generate code that reads registers the function does not have
 * (https://www.lua.org/bugs.html#5.4.4-2). Strings and comments are not told apart: a source that talks about it is
 * refused as well, which no sane source minds.
 */
static bool has_constant_environment(lua_State *L, const char *s, size_t count) {
    const char *end = s + count;
    while ((s = memmem(s, (size_t)(end - s), "_ENV", 4))) {
        guard_step(L); /* each may be followed by a comment that is looked through to the end of the source */
        s += 4;
        const char *p = s;
        for (;;) {
            while (p < end && isspace((unsigned char)*p)) p++;
            if (end - p < 2 || p[0] != '-' || p[1] != '-') break;
            /* A comment between name and attribute: a line, or brackets of some level. */
            p += 2;
            const char *close = NULL;
            if (p < end && *p == '[') {
                const char *q = p + 1;
                while (q < end && *q == '=') q++;
                if (q < end && *q == '[') {
                    size_t level = (size_t)(q - p - 1);
                    for (close = q + 1; close < end; close++) {
                        if (*close != ']' || (size_t)(end - close) < level + 2) continue;
                        size_t same = strspn(close + 1, "=");
                        if (same == level && close[level + 1] == ']') break;
                    }
                    p = close < end ? close + level + 2 : end;
                    continue;
                }
            }
            close = memchr(p, '\n', (size_t)(end - p));
            const char *carriage = memchr(p, '\r', (size_t)((close ? close : end) - p));
            p = carriage ? carriage : close ? close : end;
        }
        if (p < end && *p == '<' && (p + 1 >= end || (p[1] != '=' && p[1] != '<'))) return true;
    }
    return false;
}

const char *guarded_source_fault(lua_State *L, const char *source, size_t count) {
    guard *g = guard_of(L);
    if (!g) return NULL;
    if (g->limits.source && count > g->limits.source) return "source too large";
    if (count > 0 && *source == LUA_SIGNATURE[0]) return "attempt to load a binary chunk (mode is 't')";
    if (has_constant_environment(L, source, count)) return "attributes of _ENV are not available to a tenant";
    return NULL;
}

/*
 * Some short sources take the compiler long: a chain of `elseif`, or globals deep inside of functions with many locals,
 * cost the square of their length. Nothing can interrupt it but the reader that it asks for more, so it gets little at a
 * time.
 */
enum { PIECE = 256 };

typedef struct {
    const char *rest;
    size_t count;
} pieces;

static const char *next_piece(lua_State *L, void *data, size_t *count) {
    pieces *p = data;
    const char *piece = p->rest;
    guard_step(L);
    *count = p->count < PIECE ? p->count : PIECE;
    p->rest += *count;
    p->count -= *count;
    return piece;
}

int guarded_compile(lua_State *L, const char *source, size_t count, const char *name) {
    pieces p = {source, count};
    return lua_load(L, next_piece, &p, name, "t");
}

/* [-0, +1, e] the pieces a reader function gives, as one string; false: it gave something else */
static bool read_pieces(lua_State *L) {
    guard *g = guard_of(L);
    luaL_Buffer b;
    size_t total = 0;
    luaL_buffinit(L, &b);
    for (;;) {
        guard_step(L); /* a reader that is a C function comes by no hook */
        lua_pushvalue(L, 1);
        lua_call(L, 0, 1);
        guard_check(L);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            break;
        }
        if (!lua_isstring(L, -1)) return false;
        size_t count;
        lua_tolstring(L, -1, &count);
        total += count;
        bool enough = count == 0 || (g && g->limits.source && total > g->limits.source);
        luaL_addvalue(&b);
        if (enough) break;
    }
    luaL_pushresult(&b);
    return true;
}

static int base_load(lua_State *L) {
    const char *mode = luaL_optstring(L, 3, "t");
    bool has_environment = !lua_isnone(L, 4);
    const char *name;
    if (lua_isstring(L, 1)) {
        name = luaL_optstring(L, 2, lua_tostring(L, 1));
    } else {
        luaL_checktype(L, 1, LUA_TFUNCTION);
        name = luaL_optstring(L, 2, "=(load)");
    }
    lua_settop(L, 4);
    const char *fault = NULL;
    if (!lua_isstring(L, 1)) {
        if (read_pieces(L))
            lua_replace(L, 1);
        else
            fault = "reader function must return a string";
    }
    if (!fault && !strchr(mode, 't')) fault = "attempt to load a text chunk (mode is 'b')";
    if (!fault) {
        size_t count;
        const char *source = lua_tolstring(L, 1, &count);
        fault = guarded_source_fault(L, source, count);
        if (!fault && guarded_compile(L, source, count, name) == LUA_OK) {
            guard_spend(L);
            if (has_environment)
                lua_pushvalue(L, 4);
            else
                lua_pushvalue(L, lua_upvalueindex(1));
            if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
            return 1;
        }
        if (!fault) {
            guard_spend(L);
            luaL_pushfail(L);
            lua_insert(L, -2);
            return 2;
        }
    }
    luaL_pushfail(L);
    lua_pushstring(L, fault);
    return 2;
}

void guarded_open_load(lua_State *L) {
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, base_load, 1);
    lua_setfield(L, -2, "load");
}
