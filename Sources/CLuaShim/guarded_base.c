/*
 * The basic functions for tenants: what can show an address, catch a limit violation, or run code the host did not ask for is
 * replaced.
 */
#include "guarded.h"

#include <limits.h>
#include <string.h>

/* Keys of the registry, by address. */
static const char names_key, read_only_key;

/* ---- tostring, print ---- */

/* [-0, +1, m] the weak table kept under a key, made at first use */
static void push_registry_table(lua_State *L, const char *key) {
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TTABLE) return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

/* [-0, +1, m] `table: #7`: a name that is the same for the same object, and tells nothing of where it lives */
static void push_name(lua_State *L, int index) {
    const char *kind = luaL_typename(L, index);
    int described = luaL_getmetafield(L, index, "__name");
    if (described == LUA_TSTRING) kind = lua_tostring(L, -1);
    push_registry_table(L, &names_key);
    lua_pushvalue(L, index);
    if (lua_rawget(L, -2) != LUA_TNUMBER) {
        guard *g = guard_of(L);
        lua_pop(L, 1);
        lua_pushvalue(L, index);
        lua_pushinteger(L, g ? ++g->names : 0);
        lua_rawset(L, -3);
        lua_pushvalue(L, index);
        lua_rawget(L, -2);
    }
    lua_pushfstring(L, "%s: #%I", kind, (LUAI_UACINT)lua_tointeger(L, -1));
    lua_replace(L, described == LUA_TNIL ? -3 : -4);
    lua_pop(L, described == LUA_TNIL ? 1 : 2);
}

const char *guarded_tolstring(lua_State *L, int index, size_t *length) {
    index = lua_absindex(L, index);
    luaL_checkstack(L, 6, NULL);
    if (luaL_callmeta(L, index, "__tostring")) {
        if (!lua_isstring(L, -1)) luaL_error(L, "'__tostring' must return a string");
        return lua_tolstring(L, -1, length);
    }
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TBOOLEAN:
    case LUA_TNUMBER:
    case LUA_TSTRING: return luaL_tolstring(L, index, length);
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, index)) {
            lua_pushliteral(L, "null");
            return lua_tolstring(L, -1, length);
        }
        break;
    default: break;
    }
    push_name(L, index);
    return lua_tolstring(L, -1, length);
}

static int base_tostring(lua_State *L) {
    luaL_checkany(L, 1);
    guarded_tolstring(L, 1, NULL);
    return 1;
}

/* ---- metatables ---- */

static int base_setmetatable(lua_State *L) {
    int type = lua_type(L, 2);
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
    lua_settop(L, 2);
    if (type == LUA_TTABLE) {
        /* Lua notes a finalizer at the moment the metatable is set; one that is absent then is never run. */
        lua_pushliteral(L, "__gc");
        lua_rawget(L, 2);
        if (!lua_isnil(L, 3)) {
            lua_pushliteral(L, "__gc");
            lua_pushnil(L);
            lua_rawset(L, 2);
            lua_pushvalue(L, 2);
            lua_setmetatable(L, 1);
            lua_pushliteral(L, "__gc");
            lua_pushvalue(L, 3);
            lua_rawset(L, 2);
            lua_settop(L, 1);
            return 1;
        }
        lua_settop(L, 2);
    }
    lua_setmetatable(L, 1);
    return 1;
}

/* ---- read-only faces ---- */

/* upvalue 1: the table behind the face */
static int face_next(lua_State *L) {
    lua_settop(L, 2);
    if (lua_next(L, lua_upvalueindex(1))) return 2;
    lua_pushnil(L);
    return 1;
}

static int face_pairs(lua_State *L) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, face_next, 1);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

static int face_length(lua_State *L) {
    lua_pushinteger(L, luaL_len(L, lua_upvalueindex(1)));
    return 1;
}

static int face_write(lua_State *L) {
    return luaL_error(L, "cannot write `%s`: the table is read-only", guarded_tolstring(L, 2, NULL));
}

void guarded_push_read_only(lua_State *L, int index) {
    index = lua_absindex(L, index);
    lua_newtable(L);
    lua_createtable(L, 0, 5);
    lua_pushvalue(L, index);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, face_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushvalue(L, index);
    lua_pushcclosure(L, face_pairs, 1);
    lua_setfield(L, -2, "__pairs");
    lua_pushvalue(L, index);
    lua_pushcclosure(L, face_length, 1);
    lua_setfield(L, -2, "__len");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    guarded_note_read_only(L, -1);
}

void guarded_note_read_only(lua_State *L, int index) {
    lua_pushvalue(L, index);
    push_registry_table(L, &read_only_key);
    lua_insert(L, -2);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

void guarded_refuse_read_only(lua_State *L, int index) {
    lua_pushvalue(L, index);
    push_registry_table(L, &read_only_key);
    lua_insert(L, -2);
    bool read_only = lua_rawget(L, -2) == LUA_TBOOLEAN;
    lua_pop(L, 2);
    if (read_only) luaL_error(L, "the table is read-only");
}

static int base_rawset(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    guarded_refuse_read_only(L, 1);
    lua_rawset(L, 1);
    return 1;
}

/* ---- pcall, xpcall: a terminated state goes no further ---- */

static int finish_call(lua_State *L, int status, lua_KContext skipped) {
    guard_check(L);
    if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)skipped;
    lua_pushboolean(L, 0);
    lua_pushvalue(L, -2);
    return 2;
}

static int base_pcall(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    return finish_call(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_call), 0);
}

/* upvalue 1: the tenant's handler, which is not asked once the state is terminated: hooks are off while it runs */
static int guarded_handler(lua_State *L) {
    if (mf_state_of(L)->violation) return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static int base_xpcall(lua_State *L) {
    int count = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, guarded_handler, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    /* stack: function, handler, true, function, arguments */
    return finish_call(L, lua_pcallk(L, count - 2, LUA_MULTRET, 2, 2, finish_call), 2);
}

/* ---- debug.traceback: of the tenant's own coroutines, nothing else ---- */

static int debug_traceback(lua_State *L) {
    lua_State *of = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
    int message = lua_isthread(L, 1) ? 2 : 1;
    if (!lua_isnoneornil(L, message) && !lua_isstring(L, message)) { /* an error object stays what it is */
        lua_settop(L, message);
        return 1;
    }
    lua_Integer level = luaL_optinteger(L, message + 1, of == L ? 1 : 0);
    if (level < 0 || level > INT_MAX) level = INT_MAX;
    luaL_traceback(L, of, lua_tostring(L, message), (int)level);
    guard_spend(L);
    return 1;
}

void guarded_open_debug(lua_State *L) {
    lua_pushcfunction(L, debug_traceback);
    lua_setfield(L, -2, "traceback");
}

/* ---- the collector ---- */

static int base_collectgarbage(lua_State *L) {
    static const char *const options[] = {"collect", "count", "step", "isrunning", NULL};
    switch (luaL_checkoption(L, 1, "collect", options)) {
    case 0:
        lua_gc(L, LUA_GCCOLLECT);
        guard_spend(L);
        lua_pushinteger(L, 0);
        return 1;
    case 1: {
        size_t used = mf_state_of(L)->used;
        lua_pushnumber(L, (lua_Number)used / 1024);
        return 1;
    }
    case 2:
        lua_pushboolean(L, lua_gc(L, LUA_GCSTEP, 0));
        guard_spend(L);
        return 1;
    default: lua_pushboolean(L, 1); return 1;
    }
}

void guarded_open_base(lua_State *L) {
    static const char *const kept[] = {"assert", "error",  "getmetatable", "ipairs",   "next", "pairs", "rawequal",
                                       "rawget", "rawlen", "select",       "tonumber", "type", NULL};
    static const luaL_Reg functions[] = {{"collectgarbage", base_collectgarbage},
                                         {"pcall", base_pcall},
                                         {"rawset", base_rawset},
                                         {"setmetatable", base_setmetatable},
                                         {"tostring", base_tostring},
                                         {"xpcall", base_xpcall},
                                         {NULL, NULL}};
    /* The stock functions write to the real globals; those are emptied by guarded_open. */
    luaL_requiref(L, LUA_GNAME, luaopen_base, 0);
    for (int i = 0; kept[i]; i++) {
        lua_getfield(L, -1, kept[i]);
        lua_setfield(L, -3, kept[i]);
    }
    lua_pop(L, 1);
    luaL_setfuncs(L, functions, 0);
    lua_pushliteral(L, LUA_VERSION);
    lua_setfield(L, -2, "_VERSION");
}
