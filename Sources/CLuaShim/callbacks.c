/* The way from Lua to Swift. A Swift function returns, and only then C raises or yields: no longjmp crosses its frame. */

#include "internal.h"

/* What a Lua function of a Swift callable has as its upvalue. */
typedef struct {
    void *callable;
    mf_retained *held;
    bool is_async;
} held_callable;

int32_t mf_enter_callback(lua_State *L, mf_state *s) {
    if (s->closing) luaL_error(L, "the Lua state is closed");
    if (s->nest >= MF_MAX_LEVELS - MF_SPARE_LEVELS) mf_refuse(L, s, MF_REFUSE_NESTING, NULL);
    int32_t level = s->nest;
    if (!mf_level_ready(s, level)) luaL_error(L, "not enough memory");
    mf_fresh_output(s, level);
    /* Finalizers that run while arguments are encoded get the next level. When encoding runs out of memory the level
     * stays taken until the call from Swift returns, which costs nothing. */
    s->nest = level + 1;
    return level;
}

bool mf_can_wait(lua_State *L, mf_state *s) { return s->task && s->nonyield == 0 && lua_isyieldable(L); }

/* [-0, +n, m] */
static int decode_values(lua_State *L, mf_state *s, int32_t level) {
    mf_reader r = mf_read_input(s, level);
    int count = 0;
    for (; r.at < r.end; count++) {
        luaL_checkstack(L, 4, "too many values");
        mf_decode(L, s, &r);
    }
    return count;
}

/* After the wait: the driver has written the values into the input of the level it resumed from. */
static int resumed(lua_State *L, int status, lua_KContext context) {
    mf_state *s = mf_state_of(L);
    (void)status;
    (void)context;
    int count = decode_values(L, s, s->entry);
    return s->reply == MF_REPLY_ERROR ? lua_error(L) : count;
}

int mf_answer(lua_State *L, mf_state *s, int32_t level, int32_t reply) {
    int count = 0;
    switch (reply & ~MF_REPLY_KEPT) {
    case MF_REPLY_VALUES:
    case MF_REPLY_ERROR:
        count = decode_values(L, s, level);
        if (reply & MF_REPLY_KEPT) {
            mf_enter_swift(s);
            s->functions.forget(s->host, level);
            mf_leave_swift(s);
        }
        s->nest = level;
        return (reply & MF_REPLY_ERROR) ? lua_error(L) : count;
    case MF_REPLY_WAIT:
        s->nest = level;
        s->system_yield = MF_WAITING;
        return lua_yieldk(L, 0, 0, resumed);
    default: s->nest = level; return luaL_error(L, s->closing ? "the Lua state is closed" : "not enough memory");
    }
}

/* [-0, +n, e] lua_CFunction; upvalue 1: held_callable */
static int trampoline(lua_State *L) {
    mf_state *s = mf_state_of(L);
    held_callable *held = lua_touserdata(L, lua_upvalueindex(1));
    if (!held->held) return luaL_error(L, "the function was released"); /* called by a finalizer */
    if (held->is_async && !mf_can_wait(L, s)) return mf_refuse(L, s, MF_REFUSE_WAIT, held->callable);
    int32_t level = mf_enter_callback(L, s);
    mf_buffer *b = &s->levels[level]->output;
    int count = lua_gettop(L);
    luaL_checkstack(L, 8, NULL);
    b->values = (uint32_t)count;
    for (int i = 1; i <= count; i++) mf_encode(L, s, b, i);
    /* Swift copies what it is given, and copies it again for what it does with it. */
    s->outside++;
    bool has_room = mf_has_room(3 * b->count);
    s->outside--;
    if (!has_room) {
        s->nest = level;
        return luaL_error(L, "not enough memory");
    }
    lua_State *running = mf_begin_call_of_swift(L, s, level);
    int32_t reply = s->functions.invoke(s->host, held->callable, mf_span_of(b));
    mf_end_call_of_swift(s, running, level + 1);
    return mf_answer(L, s, level, reply);
}

int mf_refuse(lua_State *L, mf_state *s, int32_t reason, void *callable) {
    if (s->closing || s->nest >= MF_MAX_LEVELS - 1 || !mf_level_ready(s, s->nest)) {
        return luaL_error(L, reason == MF_REFUSE_WAIT ? "cannot wait here" : "nested too deeply");
    }
    luaL_checkstack(L, 8, NULL);
    int32_t level = s->nest;
    lua_State *running = mf_begin_call_of_swift(L, s, level);
    int32_t reply = s->functions.refuse(s->host, reason, callable);
    mf_end_call_of_swift(s, running, level + 1);
    return mf_answer(L, s, level, reply);
}

/* ---- Lua functions for Swift callables ---- */

/* [-1, +0, -] lua_CFunction; __gc */
static int release_callable(lua_State *L) {
    held_callable *held = lua_touserdata(L, 1);
    mf_state *s = mf_state_of(L);
    if (held->held && !s->closing) mf_release_object(s, held->held); /* when closing, it was let go of */
    held->held = NULL;
    return 0;
}

void mf_make_callable_metatable(lua_State *L, mf_state *s) {
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, release_callable);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    s->callable_metatable = luaL_ref(L, LUA_REGISTRYINDEX);
}

void mf_push_callable(lua_State *L, mf_state *s, void *callable, bool is_async) {
    luaL_checkstack(L, 3, NULL);
    held_callable *held = lua_newuserdatauv(L, sizeof *held, 0);
    held->callable = callable;
    held->held = NULL;
    held->is_async = is_async;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->callable_metatable);
    lua_setmetatable(L, -2);
    held->held = mf_retain(s, callable);
    if (!held->held) luaL_error(L, "not enough memory");
    lua_pushcclosure(L, trampoline, 1);
}
