/* Live views: a userdata for each Swift object that Lua sees. */

#include "guarded.h"

/* The address marks the payload of a view. */
static const char mark;

mf_view *mf_to_view(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || lua_rawlen(L, index) != sizeof(mf_view)) return NULL;
    mf_view *view = lua_touserdata(L, index);
    return view->mark == &mark ? view : NULL;
}

void mf_push_view(lua_State *L, mf_state *s, void *const words[2]) {
    luaL_checkstack(L, 4, NULL);
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->views);
    if (lua_rawgetp(L, -1, words[0]) != LUA_TNIL) {
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    mf_view *view = lua_newuserdatauv(L, sizeof *view, 0);
    view->mark = NULL;
    view->words[0] = words[0];
    view->words[1] = words[1];
    int32_t level = s->nest;
    lua_State *running = mf_begin_call_of_swift(L, s, level);
    int32_t metatable = s->functions.type(s->host, words);
    mf_end_call_of_swift(s, running, level);
    if (metatable < 0) luaL_error(L, "not enough memory");
    lua_rawgeti(L, LUA_REGISTRYINDEX, metatable);
    lua_setmetatable(L, -2);
    view->held = mf_retain(s, words[0]);
    if (!view->held) luaL_error(L, "not enough memory");
    view->mark = &mark;
    /* An entry goes away before its object's finalizer runs, so an address that is used again is not found. */
    lua_pushvalue(L, -1);
    lua_rawsetp(L, -3, words[0]);
    lua_remove(L, -2);
}

/* [-0, +0, e] argument 1 */
static mf_view *check_view(lua_State *L) {
    mf_view *view = mf_to_view(L, 1);
    if (!view) luaL_error(L, "not a view of a Swift object");
    return view;
}

/* [-0, +1, e] lua_CFunction; upvalue 1: methods */
static int view_index(lua_State *L) {
    mf_state *s = mf_state_of(L);
    mf_view *view = check_view(L);
    int32_t tag = MF_TAG_NIL;
    const char *bytes = NULL;
    size_t count = 0;
    int is_integer = 0;
    lua_Integer integer = 0;
    lua_settop(L, 2);
    if (lua_type(L, 2) == LUA_TSTRING) {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
        lua_pop(L, 1);
        bytes = lua_tolstring(L, 2, &count);
        tag = MF_TAG_STRING;
    } else if (lua_type(L, 2) == LUA_TNUMBER) {
        integer = lua_tointegerx(L, 2, &is_integer);
        if (is_integer) tag = MF_TAG_INTEGER;
    }
    int32_t level = mf_enter_callback(L, s);
    lua_State *running = mf_begin_call_of_swift(L, s, level);
    int32_t reply = s->functions.get(s->host, view->words, tag, bytes, count, integer);
    mf_end_call_of_swift(s, running, level + 1);
    return mf_answer(L, s, level, reply);
}

/* [-0, +0, e] lua_CFunction */
static int view_newindex(lua_State *L) {
    mf_state *s = mf_state_of(L);
    mf_view *view = check_view(L);
    lua_settop(L, 3);
    int32_t level = mf_enter_callback(L, s);
    mf_buffer *b = &s->levels[level]->output;
    int is_integer = 0;
    lua_Integer integer = lua_type(L, 2) == LUA_TNUMBER ? lua_tointegerx(L, 2, &is_integer) : 0;
    if (is_integer) { /* as tables do: 1.0 is the key 1 */
        lua_pushinteger(L, integer);
        lua_replace(L, 2);
    }
    mf_encode(L, s, b, 2);
    mf_encode(L, s, b, 3);
    lua_State *running = mf_begin_call_of_swift(L, s, level);
    int32_t reply = s->functions.set(s->host, view->words, mf_span_of(b));
    mf_end_call_of_swift(s, running, level + 1);
    return mf_answer(L, s, level, reply);
}

/* [-0, +1, e] lua_CFunction */
static int view_len(lua_State *L) {
    mf_state *s = mf_state_of(L);
    mf_view *view = check_view(L);
    int32_t level = mf_enter_callback(L, s);
    lua_State *running = mf_begin_call_of_swift(L, s, level);
    int64_t count = s->functions.count(s->host, view->words);
    mf_end_call_of_swift(s, running, level);
    lua_pushinteger(L, count);
    return 1;
}

/* [-0, +1, e] lua_CFunction */
static int view_tostring(lua_State *L) {
    mf_state *s = mf_state_of(L);
    mf_view *view = check_view(L);
    int32_t level = mf_enter_callback(L, s);
    lua_State *running = mf_begin_call_of_swift(L, s, level);
    int32_t reply = s->functions.describe(s->host, view->words);
    mf_end_call_of_swift(s, running, level + 1);
    return mf_answer(L, s, level, reply);
}

/* [-0, +2, e] lua_CFunction; upvalues: list of keys, position. Keys without a value are passed over. */
static int view_next(lua_State *L) {
    lua_Integer position = lua_tointeger(L, lua_upvalueindex(2));
    for (;;) {
        guard_step(L);
        lua_settop(L, 1);
        if (lua_rawgeti(L, lua_upvalueindex(1), ++position) == LUA_TNIL) return 1;
        lua_pushvalue(L, 2);
        if (lua_gettable(L, 1) != LUA_TNIL) break;
    }
    lua_pushinteger(L, position);
    lua_replace(L, lua_upvalueindex(2));
    return 2;
}

/* [-0, +3, e] lua_CFunction: iterator, view, nil */
static int view_pairs(lua_State *L) {
    mf_state *s = mf_state_of(L);
    mf_view *view = check_view(L);
    int32_t level = mf_enter_callback(L, s);
    lua_State *running = mf_begin_call_of_swift(L, s, level);
    int32_t reply = s->functions.keys(s->host, view->words);
    mf_end_call_of_swift(s, running, level + 1);
    if (reply != MF_REPLY_VALUES) return mf_answer(L, s, level, reply);
    lua_newtable(L);
    mf_reader r = mf_read_input(s, level);
    for (lua_Integer i = 1; r.at < r.end; i++) {
        mf_decode(L, s, &r);
        lua_rawseti(L, -2, i);
    }
    s->nest = level;
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, view_next, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* [-0, +0, -] lua_CFunction; __gc */
static int view_gc(lua_State *L) {
    mf_view *view = mf_to_view(L, 1);
    if (!view) return 0;
    mf_state *s = mf_state_of(L);
    view->mark = NULL;
    if (!s->closing) mf_release_object(s, view->held); /* else it was let go of */
    return 0;
}

typedef struct {
    int32_t method_count;
    int32_t slot;
} registration;

/* [-0, +0, m] lua_CFunction; 1: registration */
static int register_type(lua_State *L) {
    static const luaL_Reg metamethods[] = {
        {"__newindex", view_newindex}, {"__len", view_len}, {"__tostring", view_tostring},
        {"__pairs", view_pairs},       {"__gc", view_gc},   {NULL, NULL},
    };
    registration *request = lua_touserdata(L, 1);
    mf_state *s = mf_state_of(L);
    mf_reader r = mf_read_input(s, s->entry);
    lua_createtable(L, 0, 9);
    mf_decode(L, s, &r);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    luaL_setfuncs(L, metamethods, 0);
    lua_createtable(L, 0, request->method_count);
    for (int32_t i = 0; i < request->method_count; i++) {
        mf_decode(L, s, &r);
        mf_decode(L, s, &r);
        lua_rawset(L, -3);
    }
    if (lua_getfield(L, -1, "__close") != LUA_TNIL) { /* among the methods, but none to be called by its name */
        lua_setfield(L, -3, "__close");
        lua_pushnil(L);
        lua_setfield(L, -2, "__close");
    } else {
        lua_pop(L, 1);
    }
    lua_pushcclosure(L, view_index, 1);
    lua_setfield(L, -2, "__index");
    request->slot = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

int32_t mf_register_type(mf_state *s, int32_t method_count, int32_t *slot) {
    registration request = {method_count, 0};
    /* Also for the view of the error that tells of too deep a nesting. */
    int32_t status = mf_protect_within(s, register_type, &request, MF_MAX_LEVELS - 1);
    *slot = request.slot;
    return status;
}
