/* Loads of an expose that is loaded already, as a program in C does them: the same tables, the same calls, no engine. */

#include <string.h>

#include "peer.h"

enum { MAX_PLUGINS = 16, HOOKS = 3 };

/* References into the registry. */
typedef struct {
    int plugins;
    int listeners[HOOKS][MAX_PLUGINS];
    int remotes;   /* name -> container */
    int origin;    /* what every hook gets as `origin` */
    int options;   /* and as `options` */
    int instance;  /* and as `moduleInstance` */
    bool manifest; /* whether `remoteSnapshot` is among the arguments */
} fixture;

static const char *const container =
    "return {\n"
    "  init = function() end,\n"
    "  get = function(expose)\n"
    "    return function() return { name = expose, usage = function() return 42 end } end\n"
    "  end,\n"
    "}";

static const char *const listeners[HOOKS] = {"return function(args) return args end",
                                             "return function(args) return args end", "return function() end"};

/* [-0, +0]: the reference of what a piece of Lua returns, or LUA_NOREF. */
static int made(lua_State *L, const char *source) {
    if (luaL_dostring(L, source) != LUA_OK) return LUA_NOREF;
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

/* [-0, +0] */
static void set_text(lua_State *L, const char *key, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

/* [-0, +0] */
static void set_kept(lua_State *L, const char *key, int reference) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, reference);
    lua_setfield(L, -2, key);
}

/* [-0, +1]: a remote as hooks see it. */
static void push_remote(lua_State *L) {
    lua_createtable(L, 0, 3);
    set_text(L, "name", "r1");
    set_text(L, "alias", "r");
    set_text(L, "entry", "http://127.0.0.1/r1/mf-manifest.json");
}

/* [-0, +1]: the same with every default filled in. */
static void push_remote_info(lua_State *L) {
    lua_createtable(L, 0, 5);
    set_text(L, "name", "r1");
    set_text(L, "entry", "http://127.0.0.1/r1/remoteEntry.lua");
    set_text(L, "type", "global");
    set_text(L, "entryGlobalName", "r1");
    set_text(L, "shareScope", "default");
}

/* [-0, +1] */
static void push_before_request(lua_State *L, const fixture *f) {
    lua_createtable(L, 0, 3);
    set_text(L, "id", "r1/x");
    set_kept(L, "options", f->options);
    set_kept(L, "origin", f->origin);
}

/* [-0, +1] */
static void push_after_resolve(lua_State *L, const fixture *f) {
    lua_createtable(L, 0, 8);
    set_text(L, "id", "r1/x");
    set_text(L, "pkgNameOrAlias", "r1");
    set_text(L, "expose", "./x");
    push_remote(L);
    lua_setfield(L, -2, "remote");
    set_kept(L, "options", f->options);
    push_remote_info(L);
    lua_setfield(L, -2, "remoteInfo");
    if (f->manifest) set_kept(L, "remoteSnapshot", f->instance);
    set_kept(L, "origin", f->origin);
}

/* [-0, +1]; the module is at `module`. */
static void push_on_load(lua_State *L, const fixture *f, int module) {
    lua_createtable(L, 0, 9);
    set_text(L, "id", "r1/x");
    set_text(L, "pkgNameOrAlias", "r1");
    set_text(L, "expose", "./x");
    push_remote(L);
    lua_setfield(L, -2, "remote");
    lua_createtable(L, 0, 2);
    push_remote_info(L);
    lua_setfield(L, -2, "remoteInfo");
    set_kept(L, "host", f->origin);
    lua_setfield(L, -2, "options");
    set_kept(L, "origin", f->origin);
    lua_pushvalue(L, module);
    lua_setfield(L, -2, "exposeModule");
    set_kept(L, "moduleInstance", f->instance);
}

/* [-1, +0]: hands the table at the top to each listener; raises what one raises. */
static void emit(lua_State *L, const fixture *f, int hook) {
    int arguments = lua_gettop(L);
    for (int i = 0; i < f->plugins; i++) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, f->listeners[hook][i]);
        lua_pushvalue(L, arguments);
        lua_call(L, 1, 1);
        if (lua_istable(L, -1) && !lua_rawequal(L, arguments, -1)) {
            lua_replace(L, arguments);
        } else {
            lua_pop(L, 1);
        }
    }
    lua_getfield(L, arguments, "id");
    luaL_checkstring(L, -1);
    lua_settop(L, arguments - 1);
}

/* [-1, +1]: one load; the fixture comes as a light userdata. */
static int load(lua_State *L) {
    const fixture *f = lua_touserdata(L, 1);
    const char *request = "r1/x";
    const char *slash = strchr(request, '/');
    if (f->plugins > 0) {
        push_before_request(L, f);
        emit(L, f, 0);
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, f->remotes);
    lua_pushlstring(L, request, (size_t)(slash - request));
    lua_rawget(L, -2); /* stack: fixture, remotes, container */
    if (f->plugins > 0) {
        push_after_resolve(L, f);
        emit(L, f, 1);
    }
    lua_getfield(L, 3, "get");
    lua_pushfstring(L, "./%s", slash + 1);
    lua_call(L, 1, 1);
    lua_call(L, 0, 1); /* stack: fixture, remotes, container, module */
    if (f->plugins > 0) {
        push_on_load(L, f, 4);
        emit(L, f, 2);
    }
    return 1;
}

double bench_peer_load(bench_peer *peer, int plugins, bool manifest, long rounds) {
    lua_State *L = peer->L;
    if (plugins > MAX_PLUGINS) return -1;
    fixture f = {.plugins = plugins, .manifest = manifest};
    for (int hook = 0; hook < HOOKS; hook++) {
        for (int i = 0; i < plugins; i++) f.listeners[hook][i] = made(L, listeners[hook]);
    }
    f.origin = made(L, "return { name = 'host' }");
    f.options = made(L, "return { name = 'host', remotes = {} }");
    f.instance = made(L, "return {}");
    f.remotes = made(L, "return {}");
    lua_rawgeti(L, LUA_REGISTRYINDEX, f.remotes);
    if (luaL_dostring(L, container) != LUA_OK) return -1;
    lua_setfield(L, -2, "r1");
    lua_settop(L, 0);

    int failed = 0;
    double start = now_ns();
    for (long round = 0; round < rounds && !failed; round++) {
        lua_pushcfunction(L, load);
        lua_pushlightuserdata(L, &f);
        failed = lua_pcall(L, 1, 1, 0) != LUA_OK || !lua_istable(L, -1);
        lua_settop(L, 0);
    }
    double taken = now_ns() - start;
    for (int hook = 0; hook < HOOKS; hook++) {
        for (int i = 0; i < plugins; i++) luaL_unref(L, LUA_REGISTRYINDEX, f.listeners[hook][i]);
    }
    int references[] = {f.origin, f.options, f.instance, f.remotes};
    for (int i = 0; i < 4; i++) luaL_unref(L, LUA_REGISTRYINDEX, references[i]);
    return failed ? -1 : taken / (double)rounds;
}
