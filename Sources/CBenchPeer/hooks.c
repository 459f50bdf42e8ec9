#include <stdlib.h>

#include "peer.h"

enum { MAX_LISTENERS = 16 };

bench_peer *bench_peer_open(void) {
    bench_peer *peer = malloc(sizeof *peer);
    if (peer == NULL) return NULL;
    peer->L = luaL_newstate();
    if (peer->L == NULL) {
        free(peer);
        return NULL;
    }
    luaL_openlibs(peer->L);
    return peer;
}

void bench_peer_close(bench_peer *peer) {
    lua_close(peer->L);
    free(peer);
}

/* [-0, +0]; fills `refs` with listeners that hand their argument on, or returns 0. */
static int make_listeners(lua_State *L, int listeners, int *refs) {
    if (listeners > MAX_LISTENERS) return 0;
    for (int i = 0; i < listeners; i++) {
        if (luaL_dostring(L, "return function(args) return args end") != LUA_OK) return 0;
        refs[i] = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    return 1;
}

static void drop_listeners(lua_State *L, int listeners, const int *refs) {
    for (int i = 0; i < listeners; i++) luaL_unref(L, LUA_REGISTRYINDEX, refs[i]);
}

/* [-0, +1]: the argument table of a hook. */
static void push_arguments(lua_State *L) {
    lua_createtable(L, 0, 3);
    lua_pushstring(L, "app1/button");
    lua_setfield(L, -2, "id");
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "options");
    lua_pushinteger(L, 7);
    lua_setfield(L, -2, "origin");
}

double bench_peer_emit(bench_peer *peer, int listeners, long rounds) {
    lua_State *L = peer->L;
    int refs[MAX_LISTENERS];
    if (!make_listeners(L, listeners, refs)) return -1;
    size_t sum = 0;
    int failed = 0;
    double start = now_ns();
    for (long round = 0; round < rounds && !failed; round++) {
        push_arguments(L); /* stack: args */
        for (int i = 0; i < listeners; i++) {
            lua_rawgeti(L, LUA_REGISTRYINDEX, refs[i]);
            lua_pushvalue(L, -2); /* stack: args, listener, args */
            if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
                failed = 1;
                break;
            }
            lua_pop(L, 1);
        }
        size_t length = 0;
        lua_getfield(L, 1, "id");
        lua_tolstring(L, -1, &length);
        sum += length;
        lua_settop(L, 0);
    }
    double taken = now_ns() - start;
    drop_listeners(L, listeners, refs);
    return failed || sum == 0 ? -1 : taken / (double)rounds;
}

double bench_peer_waterfall(bench_peer *peer, int listeners, long rounds) {
    lua_State *L = peer->L;
    int refs[MAX_LISTENERS];
    if (!make_listeners(L, listeners, refs)) return -1;
    size_t sum = 0;
    int failed = 0;
    double start = now_ns();
    for (long round = 0; round < rounds && !failed; round++) {
        push_arguments(L); /* stack: data */
        for (int i = 0; i < listeners; i++) {
            lua_rawgeti(L, LUA_REGISTRYINDEX, refs[i]);
            lua_pushvalue(L, 1); /* stack: data, listener, data */
            if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
                failed = 1;
                break;
            }
            /* stack: data, result */
            if (lua_istable(L, -1) && !lua_rawequal(L, 1, -1)) {
                lua_replace(L, 1);
            } else {
                lua_pop(L, 1);
            }
        }
        size_t length = 0;
        lua_getfield(L, 1, "id");
        lua_tolstring(L, -1, &length);
        sum += length;
        lua_settop(L, 0);
    }
    double taken = now_ns() - start;
    drop_listeners(L, listeners, refs);
    return failed || sum == 0 ? -1 : taken / (double)rounds;
}

double bench_peer_run(bench_peer *peer, const char *source, long rounds) {
    lua_State *L = peer->L;
    if (luaL_loadstring(L, source) != LUA_OK) return -1;
    double start = now_ns();
    for (long round = 0; round < rounds; round++) {
        lua_pushvalue(L, 1); /* stack: chunk, chunk */
        if (lua_pcall(L, 0, 0, 0) != LUA_OK) return -1;
    }
    double taken = now_ns() - start;
    lua_settop(L, 0);
    return taken / (double)rounds;
}

size_t bench_peer_state_size(void) {
    static const luaL_Reg libraries[] = {
        {LUA_GNAME, luaopen_base},        {LUA_COLIBNAME, luaopen_coroutine}, {LUA_TABLIBNAME, luaopen_table},
        {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},    {LUA_UTF8LIBNAME, luaopen_utf8},
    };
    lua_State *L = luaL_newstate();
    if (L == NULL) return 0;
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
        lua_pop(L, 1);
    }
    lua_gc(L, LUA_GCCOLLECT);
    size_t size = (size_t)lua_gc(L, LUA_GCCOUNT) * 1024 + (size_t)lua_gc(L, LUA_GCCOUNTB);
    lua_close(L);
    return size;
}
