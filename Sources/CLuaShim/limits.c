/* Limits: what the watchdog's signals mean, the hook that they arm, and the end of a terminated state. */
#define _GNU_SOURCE
#include "guarded.h"
#include "watchdog.h"

#include <stdio.h>
#include <stdlib.h>

/* What a task gets before it gives way, not counting the tick until the watchdog has seen it. */
#define SLICE_NS 300000

/* The tenant that this thread is inside of. Read by the signal handler. */
static _Thread_local guard *volatile current;

static void hook(lua_State *L, lua_Debug *ar);

/* Lua marks every frame of the coroutine: not to be done twice on a deep stack. */
AROUND_SANITIZER static void arm(lua_State *L) {
    if (!lua_gethookmask(L)) lua_sethook(L, hook, LUA_MASKCOUNT, 1);
}

static void abandon_if_stuck(guard *g, const void *context);

/* Runs on the loop's own thread, between any two machine instructions. lua_sethook is made for that (lua.c does it). */
AROUND_SANITIZER void guard_on_tick(int signal_number, siginfo_t *info, void *context) {
    (void)signal_number;
    (void)info;
    stop_on_signal();
    guard *g = current;
    if (!g || g->state->abandoned) return;
    g->tick = 1;
    if (CAN_ABANDON) abandon_if_stuck(g, context);
    if (g->state->running) arm(g->state->running);
}

/* ---- Processor time ----
 * The thread's own clock costs 0.7 µs and a call to a tenant not much more. So a short entry is timed by the wall clock,
 * and one that lives to see a tick by the thread's clock: the watchdog has read it at its first look. */

static int64_t spent_in_entry(const guard *g) {
    if (g->tick_cpu_ns) return g->before_tick_ns + clock_ns(CLOCK_THREAD_CPUTIME_ID) - g->tick_cpu_ns;
    int64_t spent = clock_ns(CLOCK_MONOTONIC) - g->entered_ns;
    if (spent < 2 * TICK_NS) return spent;
    /* Long enough to have been seen; whatever was seen, no more than the wall clock says. */
    int64_t cpu = TICK_NS / 2 + clock_ns(CLOCK_THREAD_CPUTIME_ID) - watchdog_seen_cpu_ns();
    return cpu < spent ? cpu : spent;
}

/* What outlives its call is given `cpu_ns` once every `wall_ns`, at an even rate. */
static void pay_back(guard *g) {
    int64_t wall = g->limits.wall_ns, passed = g->entered_ns - g->outliving_since_ns;
    g->outliving_since_ns = g->entered_ns;
    if (!wall) return;
    double back = passed < wall ? (double)passed / (double)wall * (double)g->limits.cpu_ns : (double)g->limits.cpu_ns;
    g->outliving_ns = (double)g->outliving_ns > back ? g->outliving_ns - (int64_t)back : 0;
}

/* Which account pays for what runs. */
static int64_t *account_of(guard *g) {
    const mf_task *t = g->state->task;
    if (!t) return &g->single_ns;
    return t->account->over ? &g->outliving_ns : &t->account->spent_ns;
}

static void begin_timing(guard *g) {
    g->entered_ns = clock_ns(CLOCK_MONOTONIC);
    if (g->account == &g->outliving_ns) pay_back(g);
    /* A call that has seen ticks is a long one: worth the dear clock from the beginning. */
    g->tick_cpu_ns = *g->account > TICK_NS ? clock_ns(CLOCK_THREAD_CPUTIME_ID) : 0;
    g->before_tick_ns = 0;
    mf_state *s = g->state;
    int64_t allowance = g->limits.cpu_ns ? g->limits.cpu_ns - *g->account : INT64_MAX;
    if (s->violation)
        allowance = 0;
    else if (s->task && s->task->sliceable && allowance > SLICE_NS)
        allowance = SLICE_NS;
    watchdog_allow(allowance);
}

static void end_timing(guard *g) {
    int64_t spent = spent_in_entry(g);
    *g->account += spent;
    g->total_ns += spent;
}

bool guard_enter(mf_state *s, guard_frame *frame) {
    guard *g = s->limits;
    if (!g) return false;
    frame->outer = current;
    frame->below = g->innermost;
    frame->outside = s->outside;
    if (frame->outer != g) {
        /* The thread was watched when the state got its limits, unless the loop has another one since. */
        if (!watchdog_watch_this_thread()) mf_set_violation(s, MF_VIOLATION_MEMORY);
        frame->account = g->account;
        if (frame->outer) end_timing(frame->outer);
        if (g->entries++ == 0) g->single_ns = 0;
        g->tick = 0;
        g->unanswered = 0;
        g->slice_due = false;
        g->account = account_of(g);
        begin_timing(g);
        /* The way out is not yet known, but no tick is so early that it would be taken. */
        current = g;
        watchdog_count_entry(frame->outer ? 2 : 1);
    }
    g->innermost = frame;
    s->outside = 0;
    return true;
}

void guard_leave(mf_state *s, guard_frame *frame) {
    guard *g = s->limits;
    if (!g) return;
    s->outside = frame->outside; /* first: the way out of the entry below leads over Swift's frames */
    g->innermost = frame->below;
    if (frame->outer == g) return;
    end_timing(g);
    g->entries--;
    g->account = frame->account;
    current = frame->outer;
    if (frame->outer) begin_timing(frame->outer);
    watchdog_count_entry(frame->outer ? 2 : 1);
}

/* ---- The end ---- */

/* Ticks that nothing looks at, until the state counts as stuck. */
enum { STUCK_TICKS = 20 };

static void abandon_if_stuck(guard *g, const void *context) {
    mf_state *s = g->state;
    int64_t limit = g->limits.cpu_ns;
    g->unanswered++;
    if (!limit || !g->innermost || s->outside || !watchdog_interrupted_lua(context)) return;
    if (!s->violation && g->unanswered < STUCK_TICKS) return;
    if (*g->account + spent_in_entry(g) < limit + limit / 2) return;
    if (!s->violation) s->violation = MF_VIOLATION_CPU;
    mf_leave_abandoned(s);
}

bool mf_is_inside(const mf_state *s) {
    const guard *g = s->limits;
    return g && g->innermost;
}

_Noreturn void mf_leave_abandoned(mf_state *s) {
    guard *g = s->limits;
    s->abandoned = 1;
    _longjmp(g->innermost->way_out, 1);
}

static void on_violation(mf_state *s) {
    /* From now on every tick, should the hook have got lost. */
    if (current && current->state == s) watchdog_allow(0);
    if (s->running) arm(s->running);
}

void guard_over_cap(mf_state *s) {
    guard *g = s->limits;
    if (g->collect) return;
    g->collect = true;
    if (s->running) arm(s->running);
}

/* Decides what a tick means. */
static void look_at_time(guard *g) {
    g->tick = 0;
    if (!g->tick_cpu_ns) {
        int64_t seen = watchdog_seen_cpu_ns();
        g->before_tick_ns = TICK_NS / 2;
        g->tick_cpu_ns = seen ? seen : clock_ns(CLOCK_THREAD_CPUTIME_ID);
    }
    int64_t limit = g->limits.cpu_ns;
    if (limit && *g->account + spent_in_entry(g) > limit) mf_set_violation(g->state, MF_VIOLATION_CPU);
    g->slice_due = true;
}

/* Decides what a tick or a crossed cap means. May run the collector, never Lua code. */
static void look(lua_State *L, guard *g) {
    mf_state *s = g->state;
    if (g->tick) look_at_time(g);
    if (g->collect && !s->violation) {
        lua_gc(L, LUA_GCCOLLECT);
        g->collect = false;
        if (s->used > s->cap) mf_set_violation(s, MF_VIOLATION_MEMORY);
    }
}

/* [-0, +0, -] writes where the innermost Lua function of a coroutine is, unless a place is there already */
static void find_place(lua_State *L, char place[MF_PLACE_SIZE]) {
    enum { LEVELS = 50 };
    lua_Debug ar;
    for (int level = 0; !place[0] && level < LEVELS && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0) snprintf(place, MF_PLACE_SIZE, "%s:%d", ar.short_src, ar.currentline);
    }
    /* The name of a chunk is the tenant's, and the place is told in one line. */
    for (char *c = place; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F) *c = '?';
}

/* [-0, +0, -] notes where a coroutine went over the limit, the first time that it is asked to */
static void note_place(lua_State *L, guard *g) { find_place(L, g->place); }

static bool can_leave(lua_State *L, mf_state *s) { return s->task && s->nonyield == 0 && lua_isyieldable(L); }

static int raise_violation(lua_State *L) {
    arm(L);
    lua_pushliteral(L, "the tenant is over a limit");
    return lua_error(L);
}

static void hook(lua_State *L, lua_Debug *ar) {
    (void)ar;
    mf_state *s = mf_state_of(L);
    guard *g = s->limits;
    if (g) g->unanswered = 0;
    if (!s->violation) {
        lua_sethook(L, NULL, 0, 0);
        if (!g) return;
        look(L, g);
    }
    if (s->violation) {
        if (g) note_place(L, g);
        if (can_leave(L, s)) {
            s->system_yield = MF_TERMINATED;
            lua_yield(L, 0);
            return;
        }
        raise_violation(L);
    }
    if (g->slice_due && can_leave(L, s) && s->task->sliceable) {
        g->slice_due = false;
        s->system_yield = MF_SLICED;
        lua_yield(L, 0);
    }
}

_Noreturn void guard_kill(lua_State *L) {
    mf_state *s = mf_state_of(L);
    if (s->limits) note_place(L, s->limits);
    if (can_leave(L, s)) {
        s->system_yield = MF_TERMINATED;
        lua_yield(L, 0);
    }
    raise_violation(L);
    abort();
}

void guard_spend(lua_State *L) {
    mf_state *s = mf_state_of(L);
    guard *g = s->limits;
    if (!g) return;
    g->unanswered = 0;
    if (g->tick || g->collect) look(L, g);
    if (s->violation) guard_kill(L);
}

void guard_reserve(lua_State *L, size_t bytes) {
    mf_state *s = mf_state_of(L);
    if (!s->limits || !s->cap) return;
    if (bytes <= s->cap && s->used <= s->cap - bytes) return;
    lua_gc(L, LUA_GCCOLLECT);
    if (bytes <= s->cap && s->used <= s->cap - bytes) return;
    mf_set_violation(s, MF_VIOLATION_MEMORY);
    guard_kill(L);
}

/* ---- For Swift ---- */

static void free_guard(mf_state *s) {
    mf_realloc(s, s->limits, sizeof(guard), 0);
    s->limits = NULL;
}

int32_t mf_set_limits(mf_state *s, const mf_limits *limits) {
    guard *g = s->limits;
    if (!watchdog_watch_this_thread()) return MF_THREADS;
    if (!g) {
        g = mf_realloc(s, NULL, 0, sizeof *g);
        if (!g) return MF_MEMORY;
        *g = (guard){.state = s};
        s->limits = g;
        s->free_limits = free_guard;
        s->on_violation = on_violation;
    }
    g->limits = *limits;
    mf_memory_limit(s, limits->memory, limits->memory + ((size_t)8 << 20));
    return MF_OK;
}

void mf_terminate(mf_state *s, int32_t reason, const char *place) {
    guard *g = s->limits;
    if (s->violation) return;
    mf_set_violation(s, reason);
    if (!g || s->abandoned) return;
    mf_place(s, g->place);
    if (!g->place[0] && place) snprintf(g->place, sizeof g->place, "%s", place);
}

void mf_place(const mf_state *s, char place[MF_PLACE_SIZE]) {
    place[0] = 0;
    /* What called Swift, or else what began to wait last. */
    find_place(s->running, place);
    if (s->tasks) find_place(s->tasks->thread, place);
}

const char *mf_violation_place(const mf_state *s) {
    const guard *g = s->limits;
    return g ? g->place : "";
}

void mf_set_sliceable(mf_state *s, bool sliceable) { s->sliceable = sliceable; }

bool mf_may_wait(mf_state *s) { return mf_can_wait(s->running, s); }

void mf_task_charge(mf_task *t, int64_t ns) {
    guard *g = t->state->limits;
    if (!g) return;
    int64_t *account = t->account->over ? &g->outliving_ns : &t->account->spent_ns;
    *account += ns;
    g->total_ns += ns;
    if (g->limits.cpu_ns && *account > g->limits.cpu_ns) mf_set_violation(t->state, MF_VIOLATION_CPU);
}

bool mf_over_limit(mf_state *s) {
    guard *g = s->limits;
    if (!g) return false;
    g->unanswered = 0;
    if (g->tick && g == current) look_at_time(g);
    return s->violation != 0;
}

int64_t mf_cpu_time(const mf_state *s) {
    const guard *g = s->limits;
    return g ? g->total_ns : 0;
}
