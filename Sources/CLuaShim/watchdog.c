#define _GNU_SOURCE
#include "watchdog.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef WITH_THREAD_SANITIZER
extern int __sigaction(int, const struct sigaction *, struct sigaction *);
#define set_action __sigaction
#else
#define set_action sigaction
#endif

typedef struct watched {
    pthread_t thread;
    clockid_t clock;              /* the thread's processor time, as the watchdog reads it */
    _Atomic uint32_t entries;     /* odd while the thread is inside a tenant; each entry has a number of its own */
    _Atomic int64_t allowance_ns; /* processor time until the next signal */
    _Atomic int64_t seen_cpu_ns;  /* of the entry that runs, when the watchdog first saw it */
    uint32_t seen;
    struct watched *next;
} watched;

static pthread_mutex_t watched_lock = PTHREAD_MUTEX_INITIALIZER;
static watched *watched_threads;
static _Atomic uint32_t parked; /* the futex the watchdog sleeps on: 1 while it does */
static pthread_once_t watchdog_once = PTHREAD_ONCE_INIT;
static pthread_key_t watched_key;

static _Thread_local watched *self;

static bool signal_those_inside(void) {
    bool busy = false;
    pthread_mutex_lock(&watched_lock);
    for (watched *w = watched_threads; w; w = w->next) {
        uint32_t entries = atomic_load(&w->entries);
        bool is_new = entries != w->seen;
        busy |= is_new || (entries & 1);
        w->seen = entries;
        if (!(entries & 1)) continue;
        int64_t cpu = clock_ns(w->clock);
        /* A signal costs the thread some microseconds: it is sent when there is something to decide. */
        if (is_new) atomic_store(&w->seen_cpu_ns, cpu);
        else if (cpu - atomic_load(&w->seen_cpu_ns) >= atomic_load(&w->allowance_ns)) pthread_kill(w->thread, SIGURG);
    }
    pthread_mutex_unlock(&watched_lock);
    return busy;
}

static void *watch(void *unused) {
    (void)unused;
    for (int idle = 0;;) {
        nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
        idle = signal_those_inside() ? 0 : idle + 1;
        if (idle < 100) continue;
        atomic_store(&parked, 1);
        if (!signal_those_inside()) syscall(SYS_futex, &parked, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
        atomic_store(&parked, 0);
        idle = 0;
    }
    return NULL;
}

static void forget_thread(void *leaving) {
    pthread_mutex_lock(&watched_lock);
    for (watched **w = &watched_threads; *w; w = &(*w)->next) {
        if (*w != leaving) continue;
        *w = (*w)->next;
        break;
    }
    pthread_mutex_unlock(&watched_lock);
    free(leaving);
}

static void start_watchdog(void) {
    /* Not blocked while it is handled: the handler may never return. */
    struct sigaction action = {.sa_handler = guard_on_tick, .sa_flags = SA_RESTART | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    set_action(SIGURG, &action, NULL);
    pthread_key_create(&watched_key, forget_thread);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, watch, NULL) != 0) abort();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

void watchdog_watch_this_thread(void) {
    if (self) return;
    pthread_once(&watchdog_once, start_watchdog);
    watched *w = calloc(1, sizeof *w);
    if (!w) abort();
    w->thread = pthread_self();
    if (pthread_getcpuclockid(w->thread, &w->clock) != 0) abort();
    pthread_mutex_lock(&watched_lock);
    w->next = watched_threads;
    watched_threads = w;
    pthread_mutex_unlock(&watched_lock);
    pthread_setspecific(watched_key, w);
    self = w;
}

void watchdog_count_entry(unsigned step) {
    atomic_fetch_add(&self->entries, step);
    if (atomic_load_explicit(&parked, memory_order_seq_cst)) {
        atomic_store(&parked, 0);
        syscall(SYS_futex, &parked, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

void watchdog_allow(int64_t ns) { atomic_store_explicit(&self->allowance_ns, ns, memory_order_relaxed); }

int64_t watchdog_seen_cpu_ns(void) { return self ? atomic_load(&self->seen_cpu_ns) : 0; }
