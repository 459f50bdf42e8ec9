/*
 * math, utf8, os and the assembly of the whole library for tenants.
 */
#include "guarded.h"

#include <string.h>
#include <sys/random.h>

/* ---- math: numbers without addresses ---- */

static lua_Integer entropy(void) {
    lua_Integer n = 0;
    (void)!getrandom(&n, sizeof n, GRND_NONBLOCK);
    return n;
}

/* upvalue 1: the stock function. Its own seed, and what it returns, hold the address of the state. */
static int math_randomseed(lua_State *L) {
    int count = lua_gettop(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    if (count == 0) {
        lua_pushinteger(L, entropy());
        lua_pushinteger(L, entropy());
        count = 2;
    }
    lua_call(L, count, 0);
    return 0;
}

void guarded_open_math(lua_State *L) {
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 0);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, -5);
    }
    lua_getfield(L, -1, "randomseed");
    lua_pushcclosure(L, math_randomseed, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -4, "randomseed");
    lua_call(L, 0, 0);
    lua_pop(L, 1);
}

/* ---- os: the time ---- */

/* upvalue 1: the stock function */
static int os_date(lua_State *L) {
    size_t count = 0;
    luaL_optlstring(L, 1, "", &count);
    luaL_argcheck(L, count <= 1024, 1, "format too long");
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void guarded_open_os(lua_State *L) {
    static const char *const kept[] = {"clock", "time", "difftime", NULL};
    luaL_requiref(L, LUA_OSLIBNAME, luaopen_os, 0);
    lua_getfield(L, -1, "date");
    lua_pushcclosure(L, os_date, 1);
    lua_setfield(L, -3, "date");
    for (int i = 0; kept[i]; i++) {
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, -3, kept[i]);
    }
    lua_pop(L, 1);
}

static void open_utf8(lua_State *L) {
    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 0);
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_settable(L, -5);
    }
    lua_pop(L, 1);
}

static void open_coroutine(lua_State *L) {
    static const char *const kept[] = {"close",  "create", "isyieldable", "resume", "running",
                                       "status", "wrap",   "yield",       NULL};
    luaL_requiref(L, LUA_COLIBNAME, luaopen_coroutine, 1);
    mf_replace_coroutine_library(L);
    for (int i = 0; kept[i]; i++) {
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, -3, kept[i]);
    }
    lua_pop(L, 1);
}

/* Leaves the global table holding the tenant's library and nothing else. */
int guarded_open(lua_State *L) {
    static const struct {
        const char *name;
        void (*open)(lua_State *L);
    } libraries[] = {{LUA_STRLIBNAME, guarded_open_string}, {LUA_TABLIBNAME, guarded_open_table},
                     {LUA_MATHLIBNAME, guarded_open_math},  {LUA_UTF8LIBNAME, open_utf8},
                     {LUA_COLIBNAME, open_coroutine},       {LUA_OSLIBNAME, guarded_open_os},
                     {LUA_DBLIBNAME, guarded_open_debug}};
    enum { LIBRARIES = sizeof libraries / sizeof libraries[0] };
    lua_settop(L, 0);
    lua_newtable(L);
    guarded_open_base(L);
    guarded_open_load(L);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    for (int i = 0; i < LIBRARIES; i++) {
        lua_newtable(L);
        libraries[i].open(L);
        /* Under its name for error messages, which look functions up there. */
        lua_pushvalue(L, -1);
        lua_setfield(L, 2, libraries[i].name);
        guarded_push_read_only(L, -1);
        lua_setfield(L, 1, libraries[i].name);
        lua_pop(L, 1);
    }
    lua_pushvalue(L, 1);
    lua_setfield(L, 2, LUA_GNAME);
    lua_pushvalue(L, 1);
    lua_setfield(L, 1, LUA_GNAME);
    /* The stock globals are gone: nothing reaches them, not even through a registry slot. */
    lua_pushvalue(L, 1);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    return 0;
}

int32_t mf_open_tenant_libraries(mf_state *s) { return mf_protect(s, guarded_open, NULL); }
