/*
 * The string library for tenants, apart from patterns. What is linear in its arguments is the stock function; what a
 * short call could make large is checked first. `dump` is absent.
 */
#include "guarded.h"

#include <string.h>

/* How many conversions one string.format may hold: each can cost a few microseconds. */
#define MAX_CONVERSIONS 2000

static int string_rep(lua_State *L) {
    size_t length, separator_length;
    const char *s = luaL_checklstring(L, 1, &length);
    lua_Integer count = luaL_checkinteger(L, 2);
    const char *separator = luaL_optlstring(L, 3, "", &separator_length);
    size_t unit = length + separator_length;
    if (count <= 0 || unit == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if (unit < length || (lua_Unsigned)unit > (lua_Unsigned)LUA_MAXINTEGER / (lua_Unsigned)count)
        return luaL_error(L, "resulting string too large");
    size_t total = unit * (size_t)count - separator_length;
    guard_reserve(L, total);
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, total);
    /* The first unit, then what is there already, doubled: few large copies. */
    memcpy(out, s, length);
    if (count > 1) {
        memcpy(out + length, separator, separator_length);
        size_t done = unit;
        while (done < total) {
            size_t more = done < total - done ? done : total - done;
            memcpy(out + done, out, more);
            done += more;
        }
    }
    luaL_pushresultsize(&b, total);
    return 1;
}

/* Upvalue 1 of both wrappers is the stock function, called in the wrapper's own frame: messages name it rightly.
 *
 * Counts the conversions, makes the arguments of %s strings without addresses, refuses %p. */
static int string_format(lua_State *L) {
    size_t length;
    const char *format = luaL_checklstring(L, 1, &length);
    const char *end = format + length;
    int arg = 1, conversions = 0;
    for (const char *p = memchr(format, '%', length); p; p = memchr(p, '%', (size_t)(end - p))) {
        if (*++p == '%') {
            p++;
            continue;
        }
        guard_step(L);
        if (++conversions > MAX_CONVERSIONS)
            return luaL_error(L, "too many conversions in a format (limit %d)", MAX_CONVERSIONS);
        arg++;
        p += strspn(p, "-+ #0123456789.");
        if (*p == 'p') return luaL_error(L, "'%%p' is not available to a tenant");
        if (*p == 's' && arg <= lua_gettop(L) && !lua_isstring(L, arg)) {
            guarded_tolstring(L, arg, NULL);
            lua_replace(L, arg);
        }
    }
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* A fixed size in the format, as in "c1000000000", is the one way to a result larger than the arguments. */
static int string_pack(lua_State *L) {
    const char *p = luaL_checkstring(L, 1);
    size_t total = 0;
    while (*p) {
        guard_step(L);
        if (*p++ != 'c') continue;
        size_t size = 0;
        for (; *p >= '0' && *p <= '9' && size < ((size_t)1 << 40); p++) size = size * 10 + (size_t)(*p - '0');
        total += size;
    }
    guard_reserve(L, total);
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void guarded_open_string(lua_State *L) {
    static const char *const kept[] = {"byte",    "char", "len",    "lower", "packsize",
                                       "reverse", "sub",  "unpack", "upper", NULL};
    static const luaL_Reg functions[] = {{"rep", string_rep}, {NULL, NULL}};
    static const luaL_Reg wrappers[] = {{"format", string_format}, {"pack", string_pack}, {NULL, NULL}};
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0);
    for (const luaL_Reg *w = wrappers; w->name; w++) {
        lua_getfield(L, -1, w->name);
        lua_pushcclosure(L, w->func, 1);
        lua_setfield(L, -3, w->name);
    }
    for (int i = 0; kept[i]; i++) {
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, -3, kept[i]);
    }
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
    guarded_open_pattern(L);
    /* Methods of strings: the metatable is the stock one (it also holds arithmetic), closed to tenants. */
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushliteral(L, "string");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
}
