/* A limit on the processor time of listeners in the host's own state. It ends accidents, such as an endless loop, and is
 * no sandbox. Code that catches the error gets another one at each instruction, until it is out of what catches it. */

#include "guarded.h"
#include "watchdog.h"

/* How many instructions run between two looks at the clock. */
#define CPU_LOOK_EVERY 1000

static void hook(lua_State *L, lua_Debug *ar);

void mf_cpu_look(lua_State *L) {
    mf_cpu_limit *limit = mf_state_of(L)->cpu_limit;
    if (!limit || clock_ns(CLOCK_THREAD_CPUTIME_ID) < limit->end_ns) return;
    limit->emission->overran = true;
    lua_sethook(L, hook, LUA_MASKCOUNT, 1);
    luaL_error(L, "the listener used more than its processor time");
}

/* [-0, +0, e] */
static void hook(lua_State *L, lua_Debug *ar) {
    (void)ar;
    mf_cpu_look(L);
}

void mf_cpu_limit_begin(mf_state *s, lua_State *L, mf_emission *e, mf_cpu_limit *limit) {
    if (!e->cpu_ns) return;
    *limit = (mf_cpu_limit){.emission = e, .outer = s->cpu_limit};
    limit->start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    limit->end_ns = limit->start_ns + e->cpu_ns;
    s->cpu_limit = limit;
    limit->armed = !lua_gethook(L);
    if (limit->armed) lua_sethook(L, hook, LUA_MASKCOUNT, CPU_LOOK_EVERY);
}

void mf_cpu_limit_end(mf_state *s, lua_State *L, mf_cpu_limit *limit) {
    if (!limit->emission) return;
    mf_emission *e = limit->emission;
    /* What is left counts when the task goes on; one nanosecond is the least that still is a limit. */
    e->cpu_ns -= clock_ns(CLOCK_THREAD_CPUTIME_ID) - limit->start_ns;
    if (e->cpu_ns <= 0) e->cpu_ns = 1;
    s->cpu_limit = limit->outer;
    if (lua_gethook(L) != hook) return;
    if (limit->armed)
        lua_sethook(L, NULL, 0, 0);
    else if (s->line_counts)
        mf_count_lines_again(s, L);
    else if (e->overran) /* the limit around it looks as seldom as before */
        lua_sethook(L, hook, LUA_MASKCOUNT, CPU_LOOK_EVERY);
}
