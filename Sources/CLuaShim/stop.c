/* Stopping the host's own code: a signal to the thread that runs it arms the debug hook, which asks Swift whether the
 * task that runs was cancelled. If so the coroutine gives way and is never resumed; where it cannot yield, an error is
 * raised at every instruction until it can, or until the call has ended. */
#define _GNU_SOURCE
#include "guarded.h"
#include "watchdog.h"

#include <pthread.h>

#ifdef WITH_THREAD_SANITIZER
extern int __sigaction(int, const struct sigaction *, struct sigaction *);
#define set_action __sigaction
#else
#define set_action sigaction
#endif

_Thread_local mf_state *volatile mf_entered;

static void hook(lua_State *L, lua_Debug *ar);

AROUND_SANITIZER void stop_on_signal(void) {
    mf_state *s = mf_entered;
    if (!s || s->limits) return;
    lua_State *L = s->running;
    if (lua_gethook(L) == hook) return;
    s->replaced = (mf_hook){L, (void (*)(void))lua_gethook(L), lua_gethookmask(L), lua_gethookcount(L)};
    lua_sethook(L, hook, LUA_MASKCOUNT, 1);
}

/* [-0, +0, -] the script's own hook is back, if it had one */
static void disarm(lua_State *L, mf_state *s) {
    mf_hook before = s->replaced;
    s->replaced = (mf_hook){0};
    if (before.thread == L)
        lua_sethook(L, (lua_Hook)before.function, before.mask, before.count);
    else
        lua_sethook(L, NULL, 0, 0);
}

static bool is_to_stop(mf_state *s) {
    if (s->closing) return false;
    mf_enter_swift(s);
    bool answer = s->functions.stops(s->host);
    mf_leave_swift(s);
    return answer;
}

/* [-0, +0, e] */
static void hook(lua_State *L, lua_Debug *ar) {
    (void)ar;
    mf_state *s = mf_state_of(L);
    if (!is_to_stop(s)) {
        disarm(L, s);
        return;
    }
    s->stopped = true;
    if (s->task && s->nonyield == 0 && lua_isyieldable(L)) {
        s->system_yield = MF_STOPPED;
        lua_yield(L, 0);
        return;
    }
    lua_pushliteral(L, "the task was cancelled");
    lua_error(L);
}

bool stop_taken(lua_State *L, mf_state *s) {
    bool was_stopped = s->stopped;
    s->stopped = false;
    if (was_stopped && s->nest <= 1 && lua_gethook(L) == hook) disarm(L, s);
    return was_stopped;
}

static void on_signal(int number) {
    (void)number;
    stop_on_signal();
}

static void handle_signal(void) {
    struct sigaction known;
    if (sigaction(SIGURG, NULL, &known) != 0 || known.sa_handler != SIG_DFL) return;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    set_action(SIGURG, &action, NULL);
}

void mf_expect_stops(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, handle_signal);
}
