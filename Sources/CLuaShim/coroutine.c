/* The coroutine library, so that waits pass through coroutines that Lua code makes itself.
 *
 * When code inside such a coroutine calls an asynchronous Swift function, the whole chain of coroutines up to the task
 * yields, and each goes on where it was when the task is resumed. A coroutine in that state is marked as waiting; to Lua
 * it looks as if it had resumed another one. */

#include "guarded.h"

/* Nested coroutine.close calls are not counted by Lua 5.4.4, and overflow the C stack. */
#define MAX_CLOSES 100

static int run(lua_State *L, lua_State *co, int arguments);

/* [-0, +n, e] after a wait */
static int waited(lua_State *L, int status, lua_KContext co) {
    (void)status;
    mf_set_waiting((lua_State *)co, false);
    return run(L, (lua_State *)co, 0);
}

static bool is_wrap(lua_State *L) { return lua_toboolean(L, lua_upvalueindex(2)); }

/* [-0, +0, -] lua_resetthread, in which the coroutine is the running thread and cannot wait */
static int reset(lua_State *co, mf_state *s) {
    lua_State *running = s->running;
    s->running = co;
    s->nonyield++;
    s->closes++;
    int status = lua_resetthread(co);
    s->closes--;
    s->nonyield--;
    s->running = running;
    return status;
}

static int co_resume(lua_State *L);
static int co_wrapped(lua_State *L);

/* [-0, +0, -] the coroutine that a waiting one has resumed, and that waits in it; NULL when it waits by itself */
static lua_State *inner_of(lua_State *L) {
    lua_Debug ar;
    if (!lua_getstack(L, 0, &ar) || !lua_checkstack(L, 2)) return NULL;
    lua_State *co = NULL;
    int top = lua_gettop(L);
    lua_getinfo(L, "f", &ar);
    lua_CFunction function = lua_tocfunction(L, -1);
    if (function == co_wrapped) {
        if (lua_getupvalue(L, -1, 1)) co = lua_tothread(L, -1);
    } else if (function == co_resume) {
        if (lua_getlocal(L, &ar, 1)) co = lua_tothread(L, -1);
    }
    lua_settop(L, top);
    return co && mf_is_waiting(co) ? co : NULL;
}

void mf_close_coroutines(lua_State *L, mf_state *s) {
    lua_State *inner = inner_of(L);
    if (inner) mf_close_coroutines(inner, s); /* no deeper than Lua's own limit on nested resumes */
    mf_set_waiting(L, false);
    if (!s->violation) reset(L, s);
}

/* [-0, +n, e] the error on top of the coroutine: raised by wrap, returned by resume */
static int fail(lua_State *L, mf_state *s, lua_State *co) {
    if (!is_wrap(L)) {
        lua_pushboolean(L, 0);
        lua_xmove(co, L, 1);
        return 2;
    }
    int status = lua_status(co);
    if (!s->violation && status != LUA_OK && status != LUA_YIELD) {
        status = reset(co, s); /* its pending __close metamethods */
    }
    lua_xmove(co, L, 1);
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* [-0, +n, e] resumes with arguments that are on the coroutine's stack already */
static int run(lua_State *L, lua_State *co, int arguments) {
    mf_state *s = mf_state_of(L);
    int32_t nonyield = s->nonyield;
    lua_State *running = s->running;
    if (!lua_isyieldable(L)) s->nonyield++;
    s->running = co;
    int count = 0;
    int status = lua_resume(co, L, arguments, &count);
    s->running = running;
    s->nonyield = nonyield;
    if (status == LUA_YIELD && s->system_yield) {
        mf_set_waiting(co, true);
        return lua_yieldk(L, 0, (lua_KContext)co, waited);
    }
    guard_spend(L);
    if (status != LUA_OK && status != LUA_YIELD) return fail(L, s, co);
    int first = is_wrap(L) ? 0 : 1;
    if (!lua_checkstack(L, count + 1)) {
        lua_pop(co, count);
        return luaL_error(L, "too many results to resume");
    }
    if (first) lua_pushboolean(L, 1);
    lua_xmove(co, L, count);
    return first + count;
}

static const char *status_of(lua_State *L, lua_State *co) {
    lua_Debug ar;
    if (L == co) return "running";
    if (mf_is_waiting(co) || co == mf_state_of(L)->main)
        return "normal"; /* what runs, runs inside of the main thread */
    switch (lua_status(co)) {
    case LUA_YIELD: return "suspended";
    case LUA_OK:
        if (lua_getstack(co, 0, &ar)) return "normal";
        return lua_gettop(co) == 0 ? "dead" : "suspended";
    default: return "dead";
    }
}

static bool is_suspended(lua_State *L, lua_State *co) { return status_of(L, co)[0] == 's'; }

static bool is_task(lua_State *L, mf_state *s) { return L == s->main || (s->task && L == s->task->thread); }

/* [-0, +0, e] */
static lua_State *check_coroutine(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    return co;
}

static int co_create(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static int co_resume(lua_State *L) {
    lua_State *co = check_coroutine(L);
    int arguments = lua_gettop(L) - 1;
    if (!is_suspended(L, co)) {
        lua_pushboolean(L, 0);
        lua_pushfstring(L, "cannot resume %s coroutine", status_of(L, co)[0] == 'd' ? "dead" : "non-suspended");
        return 2;
    }
    if (!lua_checkstack(co, arguments)) {
        lua_pushboolean(L, 0);
        lua_pushliteral(L, "too many arguments to resume");
        return 2;
    }
    lua_xmove(L, co, arguments);
    return run(L, co, arguments);
}

/* upvalues: the coroutine, true */
static int co_wrapped(lua_State *L) {
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int arguments = lua_gettop(L);
    if (!is_suspended(L, co)) {
        return luaL_error(L, "cannot resume %s coroutine", status_of(L, co)[0] == 'd' ? "dead" : "non-suspended");
    }
    if (!lua_checkstack(co, arguments)) return luaL_error(L, "too many arguments to resume");
    lua_xmove(L, co, arguments);
    return run(L, co, arguments);
}

static int co_wrap(lua_State *L) {
    co_create(L);
    lua_pushboolean(L, 1);
    lua_pushcclosure(L, co_wrapped, 2);
    return 1;
}

static int co_yield (lua_State *L) {
    if (is_task(L, mf_state_of(L))) return luaL_error(L, "attempt to yield from outside a coroutine");
    return lua_yield(L, lua_gettop(L));
}

static int co_status(lua_State *L) {
    lua_State *co = check_coroutine(L);
    lua_pushstring(L, status_of(L, co));
    return 1;
}

static int co_isyieldable(lua_State *L) {
    lua_State *co = lua_isthread(L, 1) ? lua_tothread(L, 1) : L;
    lua_pushboolean(L, !is_task(co, mf_state_of(L)) && lua_isyieldable(co));
    return 1;
}

static int co_running(lua_State *L) {
    lua_pushthread(L);
    lua_pushboolean(L, is_task(L, mf_state_of(L)));
    return 2;
}

static int co_close(lua_State *L) {
    mf_state *s = mf_state_of(L);
    lua_State *co = check_coroutine(L);
    const char *status = status_of(L, co);
    if (status[0] != 'd' && status[0] != 's') return luaL_error(L, "cannot close a %s coroutine", status);
    guard_check(L);
    if (s->closes >= MAX_CLOSES) return luaL_error(L, "coroutines close each other too deeply");
    int outcome = reset(co, s);
    guard_spend(L);
    if (outcome == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_pushboolean(L, 0);
    lua_xmove(co, L, 1);
    return 2;
}

void mf_replace_coroutine_library(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"close", co_close},   {"create", co_create},   {"isyieldable", co_isyieldable},
        {"resume", co_resume}, {"running", co_running}, {"status", co_status},
        {"wrap", co_wrap},     {"yield", co_yield },    {NULL, NULL},
    };
    lua_getglobal(L, "coroutine");
    luaL_setfuncs(L, functions, 0);
    lua_pop(L, 1);
}
