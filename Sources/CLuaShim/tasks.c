/* Tasks: Lua code that may wait, in pooled coroutines. Resuming one costs what lua_pcall costs. */

#include "guarded.h"

#include <stdlib.h>

typedef struct {
    int32_t function, argument_count;
    bool chained; /* a function that is returned is called, too */
} call;

/* [-0, +0, m] the values from index `first` up become the output of the call under way */
static int answer_call(lua_State *L, int first) {
    mf_state *s = mf_state_of(L);
    mf_buffer *b = mf_fresh_output(s, s->entry);
    int top = lua_gettop(L);
    luaL_checkstack(L, 4, NULL);
    b->values = (uint32_t)(top - first + 1);
    for (int i = first; i <= top; i++) mf_encode(L, s, b, i);
    return 0;
}

/* [-0, +0, m] after the call, or after the second one of a chain: its results are from index 2 up */
static int ended(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return answer_call(L, 2);
}

/* [-0, +0, e] after the first call of a chain: a function is called and answered with `true` before its result */
static int called(lua_State *L, int status, lua_KContext chained) {
    (void)status;
    if (!chained) return answer_call(L, 2);
    lua_settop(L, 2);
    if (!lua_isfunction(L, 2)) return answer_call(L, 2);
    lua_pushboolean(L, true);
    lua_insert(L, 2); /* stack: call, true, function */
    lua_callk(L, 0, 1, 0, ended);
    return answer_call(L, 2);
}

/* [-0, +0, e] lua_CFunction; 1: call. In a task it may wait, under mf_protect it cannot. */
static int run_call(lua_State *L) {
    call *c = lua_touserdata(L, 1);
    mf_state *s = mf_state_of(L);
    mf_reader r = mf_read_input(s, s->entry);
    luaL_checkstack(L, c->argument_count + 8, "too many arguments");
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->function);
    for (int32_t i = 0; i < c->argument_count; i++) mf_decode(L, s, &r);
    bool chained = c->chained; /* after a wait the call is gone */
    lua_callk(L, c->argument_count, LUA_MULTRET, chained, called);
    return called(L, LUA_OK, chained);
}

int32_t mf_call(mf_state *s, int32_t function, int32_t argument_count, mf_span *results) {
    call c = {function, argument_count, false};
    int32_t status = mf_protect(s, run_call, &c);
    *results = mf_failure(s);
    return status;
}

/* ---- The pool ---- */

static void unlink_task(mf_task *t) {
    mf_state *s = t->state;
    if (t->previous)
        t->previous->next = t->next;
    else if (s->tasks == t)
        s->tasks = t->next;
    if (t->next) t->next->previous = t->previous;
    t->next = t->previous = NULL;
}

static void link_task(mf_task *t) {
    mf_state *s = t->state;
    if (t->previous || s->tasks == t) return;
    t->next = s->tasks;
    if (t->next) t->next->previous = t;
    s->tasks = t;
}

/* ---- Who pays ---- */

mf_account *mf_account_retain(const mf_state *s) {
    if (s->task) {
        s->task->account->references++;
        return s->task->account;
    }
    mf_account *account = calloc(1, sizeof *account);
    if (account) *account = (mf_account){.references = 1, .over = true};
    return account;
}

void mf_account_release(mf_account *account) {
    if (--account->references == 0) free(account);
}

void mf_pay_from(mf_state *s, mf_account *account) {
    if (account) account->references++;
    if (s->payer) mf_account_release(s->payer);
    s->payer = account;
}

/* Gives a task that begins the account that was named for it, else one of its own. */
static bool open_account(mf_state *s, mf_task *t) {
    t->opened = !s->payer;
    if (t->opened && t->account && t->account->references == 1) {
        *t->account = (mf_account){.references = 1};
        return true;
    }
    mf_account *account = s->payer ? s->payer : calloc(1, sizeof *account);
    if (!account) return false;
    if (t->opened) account->references = 1;
    s->payer = NULL;
    if (t->account) mf_account_release(t->account);
    t->account = account;
    return true;
}

static void free_task(mf_task *t) {
    if (t->account) {
        if (t->opened) t->account->over = true;
        mf_account_release(t->account);
    }
    mf_realloc(t->state, t, sizeof *t, 0);
}

/* ---- Threads ---- */

/* [-0, +0, m] lua_CFunction; 1: task */
static int make_thread(lua_State *L) {
    mf_task *t = lua_touserdata(L, 1);
    t->thread = lua_newthread(L);
    t->slot = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int32_t take_task(mf_state *s, mf_task **task) {
    mf_task *t = s->pool;
    if (t) {
        s->pool = t->next;
        s->pool_count--;
        t->next = NULL;
        *task = t;
        return MF_OK;
    }
    t = mf_realloc(s, NULL, 0, sizeof *t);
    if (!t) return MF_MEMORY;
    *t = (mf_task){.state = s};
    int32_t status = mf_protect(s, make_thread, t);
    if (status != MF_OK) {
        mf_realloc(s, t, sizeof *t, 0);
        return status;
    }
    *task = t;
    return MF_OK;
}

/* The thread is left to the collector: what waits in it never goes on, and no __close of it runs. For what is terminated. */
void mf_task_drop(mf_task *t) {
    mf_state *s = t->state;
    unlink_task(t);
    mf_release(s, t->slot);
    free_task(t);
}

/* A task whose coroutine is fresh again. */
static void give_back(mf_task *t) {
    mf_state *s = t->state;
    unlink_task(t);
    if (s->pool_count >= MF_MAX_POOL) {
        mf_task_drop(t);
        return;
    }
    lua_settop(t->thread, 0);
    if (t->opened) t->account->over = true;
    t->next = s->pool;
    s->pool = t;
    s->pool_count++;
}

void mf_free_tasks(mf_state *s) {
    mf_task *lists[] = {s->pool, s->tasks};
    for (int i = 0; i < 2; i++)
        for (mf_task *t = lists[i], *next; t; t = next) {
            next = t->next;
            free_task(t);
        }
    s->pool = s->tasks = NULL;
    if (s->payer) mf_account_release(s->payer);
    s->payer = NULL;
}

const void *mf_task_current(const mf_state *s) { return s->task; }

int32_t mf_task_depth(const mf_state *s) { return s->entry - (s->task ? s->task->base : 0); }

/* ---- Running ---- */

/* A coroutine that died or waits, and those that it has resumed: their __close metamethods run, and it can be used again. */
static void close_pending(mf_task *t) {
    mf_state *s = t->state;
    lua_State *running = s->running;
    s->nonyield++;
    s->nest++;
    guard_frame frame;
    if (!guard_enter(s, &frame) || _setjmp(frame.way_out) == 0) mf_close_coroutines(t->thread, s);
    guard_leave(s, &frame);
    s->nest--;
    s->nonyield--;
    s->running = running;
}

void mf_task_close(mf_task *t) {
    mf_state *s = t->state;
    int32_t nest = s->nest;
    if (s->violation || s->closing || mf_may_enter(s) != MF_OK) {
        mf_task_drop(t);
        return;
    }
    mf_task *outer = s->task;
    s->task = t; /* its account pays */
    mf_set_waiting(t->thread, false);
    unlink_task(t);
    close_pending(t);
    s->task = outer;
    s->nest = nest;
    if (s->violation)
        mf_task_drop(t);
    else
        give_back(t);
}

void mf_tasks_close(mf_state *s) {
    int count = 0;
    for (const mf_task *t = s->tasks; t; t = t->next) count++;
    /* What is closed may start others: those are not waited for. */
    while (count-- > 0 && s->tasks) mf_task_close(s->tasks);
}

/* [-arguments, +0, -] goes on with a task until it ends or gives way; *task is NULL when it has ended */
static int32_t run(mf_state *s, mf_task **task, int arguments, mf_emission *emission, mf_span *results) {
    mf_task *t = *task;
    mf_task *outer = s->task;
    lua_State *running = s->running;
    int32_t nest = s->nest, entry = s->entry, nonyield = s->nonyield;
    s->task = t;
    s->running = t->thread;
    s->entry = t->base = nest;
    s->nest = nest + 1;
    s->nonyield = 0;
    s->system_yield = 0;
    mf_set_waiting(t->thread, false);
    int count = 0;
    guard_frame frame;
    mf_state *outside = mf_entered;
    mf_entered = s;
    volatile int status = LUA_ERRRUN;
    mf_cpu_limit limit = {0};
    if (t->kind == MF_TASK_EMIT) mf_cpu_limit_begin(s, t->thread, &t->emission, &limit);
    if (!guard_enter(s, &frame) || _setjmp(frame.way_out) == 0)
        status = lua_resume(t->thread, running, arguments, &count);
    guard_leave(s, &frame);
    mf_cpu_limit_end(s, t->thread, &limit);
    mf_entered = outside;
    bool stopped = s->stopped && stop_taken(t->thread, s);
    if (t->kind == MF_TASK_EMIT) *emission = t->emission;
    int32_t system_yield = s->system_yield;
    s->system_yield = 0;
    s->task = outer;
    s->running = running;
    s->nonyield = nonyield;
    int32_t result = MF_OK;
    if (s->violation) {
        result = MF_TERMINATED;
        *task = NULL;
        mf_task_drop(t);
    } else if (status == LUA_OK) {
        *task = NULL;
        give_back(t);
    } else if (stopped) {
        result = MF_STOPPED;
        *task = NULL;
        lua_sethook(t->thread, NULL, 0, 0);
        mf_task_drop(t);
    } else if (status == LUA_YIELD && (system_yield == MF_WAITING || system_yield == MF_SLICED)) {
        mf_set_waiting(t->thread, true);
        link_task(t);
        result = system_yield;
    } else {
        *task = NULL;
        if (status == LUA_YIELD) {
            /* only a hook or a C function that is not ours can have done that */
            result = MF_MEMORY;
            mf_task_drop(t);
        } else {
            result = mf_note_failure(s, t->thread, status, nest);
            if (!s->violation) close_pending(t);
            if (s->violation) {
                result = MF_TERMINATED;
                mf_task_drop(t);
            } else {
                give_back(t);
            }
        }
    }
    s->nest = nest;
    s->entry = entry;
    *results = mf_failure(s);
    return result;
}

/* Starts a task with a body that gets the call, or the task's own copy of the emission. */
static int32_t start(mf_state *s, lua_CFunction body, call *c, mf_emission *emission, mf_task **task,
                     mf_span *results) {
    *task = NULL;
    int32_t status = mf_may_enter(s);
    if (status != MF_OK) return status;
    mf_task *t;
    status = take_task(s, &t);
    if (status != MF_OK) return status;
    void *argument = c; /* read before the first wait */
    t->kind = MF_TASK_CALL;
    t->sliceable = s->sliceable;
    if (!open_account(s, t)) {
        mf_task_drop(t);
        return MF_MEMORY;
    }
    if (emission) {
        t->kind = MF_TASK_EMIT;
        t->emission = *emission;
        argument = &t->emission;
    }
    lua_pushcfunction(t->thread, body);
    lua_pushlightuserdata(t->thread, argument);
    *task = t;
    return run(s, task, 1, emission, results);
}

int32_t mf_task_call(mf_state *s, int32_t function, int32_t argument_count, bool chained, mf_task **task,
                     mf_span *results) {
    call c = {function, argument_count, chained};
    return start(s, run_call, &c, NULL, task, results);
}

int32_t mf_emit(mf_state *s, mf_emission *emission, mf_span *results) {
    lua_State *L = s->running;
    mf_cpu_limit limit = {0};
    mf_cpu_limit_begin(s, L, emission, &limit);
    int32_t status = mf_protect(s, mf_emission_body, emission);
    mf_cpu_limit_end(s, L, &limit);
    *results = mf_failure(s);
    return status;
}

int32_t mf_task_emit(mf_state *s, mf_emission *emission, mf_task **task, mf_span *results) {
    return start(s, mf_emission_body, NULL, emission, task, results);
}

int32_t mf_task_resume(mf_task *t, int32_t reply, mf_emission *emission, mf_span *results) {
    mf_state *s = t->state;
    int32_t status = mf_may_enter(s);
    if (status != MF_OK) {
        mf_task_drop(t);
        return status;
    }
    s->reply = reply;
    return run(s, &t, 0, emission, results);
}
