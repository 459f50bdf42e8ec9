/* The way into Lua: protected calls, and what becomes of their errors. */

#include "guarded.h"

#include <string.h>

int mf_message_handler(lua_State *L) {
    mf_state *s = mf_state_of(L);
    size_t count;
    s->has_traceback = false;
    if (s->violation) return 1; /* nobody will read it, and on a deep stack it takes its time */
    luaL_traceback(L, L, NULL, 1);
    const char *text = lua_tolstring(L, -1, &count);
    s->traceback.count = 0;
    if (mf_buffer_room(s, &s->traceback, count)) {
        memcpy(s->traceback.bytes, text, count);
        s->traceback.count = count;
        s->has_traceback = true;
    }
    lua_settop(L, 1);
    return 1;
}

static int32_t may_enter(mf_state *s, int32_t levels) {
    if (s->violation) return MF_TERMINATED;
    if (s->nest >= levels) return MF_NESTING;
    if (!mf_level_ready(s, s->nest)) return MF_MEMORY;
    return MF_OK;
}

int32_t mf_may_enter(mf_state *s) { return may_enter(s, MF_MAX_LEVELS - MF_SPARE_LEVELS); }

int32_t mf_protect(mf_state *s, lua_CFunction f, void *argument) {
    return mf_protect_within(s, f, argument, MF_MAX_LEVELS - MF_SPARE_LEVELS);
}

int32_t mf_protect_within(mf_state *s, lua_CFunction f, void *argument, int32_t levels) {
    int32_t result = may_enter(s, levels);
    if (result != MF_OK) return result;
    lua_State *L = s->running;
    int top = lua_gettop(L);
    if (top > LUA_MINSTACK - 8 && !lua_checkstack(L, 6)) return MF_MEMORY;
    int32_t nest = s->nest, entry = s->entry, nonyield = s->nonyield;
    s->entry = nest;
    s->nest = nest + 1;
    s->nonyield = nonyield + 1;
    lua_pushcfunction(L, mf_message_handler);
    lua_pushcfunction(L, f);
    lua_pushlightuserdata(L, argument);
    guard_frame frame;
    mf_state *outer = mf_entered;
    mf_entered = s;
    volatile int status = LUA_ERRRUN;
    if (!guard_enter(s, &frame) || _setjmp(frame.way_out) == 0) status = lua_pcall(L, 1, 0, top + 1);
    guard_leave(s, &frame);
    mf_entered = outer;
    s->running = L;
    if (s->stopped && stop_taken(L, s) && status != LUA_OK)
        result = MF_STOPPED;
    else if (status != LUA_OK && !s->abandoned)
        result = mf_note_failure(s, L, status, nest);
    s->nest = nest;
    s->entry = entry;
    s->nonyield = nonyield;
    if (!s->abandoned) {
        lua_settop(L, top);
        /* What was made in vain goes at once: Swift, which cannot be refused memory, tells of the error next. */
        if (status == LUA_ERRMEM && !s->violation) lua_gc(L, LUA_GCCOLLECT);
    }
    return s->violation ? MF_TERMINATED : result;
}

/* ---- Failures ---- */

typedef struct {
    lua_State *dead; /* the thread that died of it, or NULL */
    int32_t level;
    bool plain; /* ask no metamethod */
} failure;

/* [-0, +1, e] the text of the error at index 2: the field `message` of a table, else tostring */
static void push_message(lua_State *L, bool plain) {
    if (lua_type(L, 2) == LUA_TSTRING) {
        lua_pushvalue(L, 2);
        return;
    }
    if (plain) {
        lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 2));
        return;
    }
    if (lua_istable(L, 2)) {
        if (lua_getfield(L, 2, "message") == LUA_TSTRING) return;
        lua_pop(L, 1);
    }
    if (guard_of(L))
        guarded_tolstring(L, 2, NULL);
    else
        luaL_tolstring(L, 2, NULL);
}

/* [-0, +1, e] the field `code` of a table, as a string, or nil */
static void push_code(lua_State *L, bool plain) {
    if (plain || !lua_istable(L, 2)) {
        lua_pushnil(L);
        return;
    }
    int type = lua_getfield(L, 2, "code");
    if (type == LUA_TNUMBER)
        lua_tolstring(L, -1, NULL);
    else if (type != LUA_TSTRING) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
}

/* [-0, +0, e] lua_CFunction; 1: the failure, 2: what was raised */
static int note(lua_State *L) {
    failure *f = lua_touserdata(L, 1);
    mf_state *s = mf_state_of(L);
    /* 3: the traceback, before anything else can raise an error and overwrite it */
    if (f->dead)
        luaL_traceback(L, f->dead, NULL, 0);
    else if (s->has_traceback)
        lua_pushlstring(L, (const char *)s->traceback.bytes, s->traceback.count);
    else
        lua_pushnil(L);
    push_message(L, f->plain); /* 4 */
    push_code(L, f->plain);    /* 5 */
    mf_buffer *b = mf_fresh_output(s, f->level);
    mf_encode(L, s, b, 2);
    mf_encode(L, s, b, 4);
    mf_encode(L, s, b, 5);
    mf_encode(L, s, b, 3);
    return 0;
}

/* [-0, +0, -] one attempt; the error is on top of the running thread before and after */
static int try_note(lua_State *L, failure *f) {
    lua_pushcfunction(L, note);
    lua_pushlightuserdata(L, f);
    lua_pushvalue(L, -3);
    mf_state *s = mf_state_of(L);
    guard_frame frame;
    volatile int status = LUA_ERRMEM;
    if (!guard_enter(s, &frame) || _setjmp(frame.way_out) == 0) status = lua_pcall(L, 2, 0, 0);
    guard_leave(s, &frame);
    if (status != LUA_OK && !s->abandoned) lua_pop(L, 1);
    return status;
}

int32_t mf_note_failure(mf_state *s, lua_State *from, int status, int32_t level) {
    lua_State *L = s->running;
    if (status == LUA_ERRMEM || s->violation || !lua_checkstack(L, 5)) {
        lua_pop(from, 1);
        return s->violation ? MF_TERMINATED : MF_MEMORY;
    }
    failure f = {from == L ? NULL : from, level, false};
    if (f.dead) lua_xmove(from, L, 1);
    int outcome = try_note(L, &f);
    if (outcome != LUA_OK && outcome != LUA_ERRMEM) {
        f.plain = true;
        outcome = try_note(L, &f);
    }
    s->has_traceback = false;
    if (s->abandoned) return MF_TERMINATED;
    lua_pop(L, 1);
    return outcome == LUA_OK ? MF_ERROR : MF_MEMORY;
}

mf_span mf_failure(const mf_state *s) { return mf_span_of(&s->levels[s->nest]->output); }
