#define _GNU_SOURCE
#include "watchdog.h"

#include <link.h>
#include <linux/futex.h>
#include <lua.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
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
static bool started;            /* guarded by the lock */
static pthread_key_t watched_key;

/* Where the code of Lua and of this library is: written before the first signal, read by its handler. */
typedef struct {
    uintptr_t start, end;
} text_range;
static text_range lua_text, own_text;

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
        if (is_new)
            atomic_store(&w->seen_cpu_ns, cpu);
        else if (cpu - atomic_load(&w->seen_cpu_ns) >= atomic_load(&w->allowance_ns))
            pthread_kill(w->thread, SIGURG);
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

/* ---- Where the code is ---- */

static bool holds(text_range range, uintptr_t address) { return address >= range.start && address < range.end; }

/* Notes the executable segment that an address is in. */
static void note_text(const struct dl_phdr_info *object, uintptr_t address, text_range *range) {
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
        uintptr_t start = object->dlpi_addr + segment->p_vaddr;
        text_range found = {start, start + segment->p_memsz};
        if (holds(found, address)) *range = found;
    }
}

static int look_at_object(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size;
    (void)unused;
    note_text(object, (uintptr_t)lua_newstate, &lua_text);
    note_text(object, (uintptr_t)look_at_object, &own_text);
    return 0;
}

bool watchdog_interrupted_lua(const void *context) {
    const ucontext_t *interrupted = context;
#if defined(__x86_64__)
    uintptr_t at = (uintptr_t)interrupted->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    uintptr_t at = (uintptr_t)interrupted->uc_mcontext.pc;
#else
#error "the watchdog knows x86-64 and arm64 only"
#endif
    return holds(lua_text, at) || holds(own_text, at);
}

/* ---- Starting ---- */

/* With the lock held. */
static bool start_watchdog(void) {
    if (started) return true;
    dl_iterate_phdr(look_at_object, NULL);
    if (pthread_key_create(&watched_key, forget_thread) != 0) return false;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    started = pthread_create(&thread, &attributes, watch, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (!started) {
        pthread_key_delete(watched_key);
        return false;
    }
    /* Not blocked while it is handled: the handler may never return. */
    struct sigaction action = {.sa_sigaction = guard_on_tick, .sa_flags = SA_RESTART | SA_NODEFER | SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    set_action(SIGURG, &action, NULL);
    return true;
}

bool watchdog_watch_this_thread(void) {
    if (self) return true;
    watched *w = calloc(1, sizeof *w);
    if (!w) return false;
    w->thread = pthread_self();
    pthread_mutex_lock(&watched_lock);
    bool can_watch = pthread_getcpuclockid(w->thread, &w->clock) == 0 && start_watchdog();
    if (can_watch) {
        w->next = watched_threads;
        watched_threads = w;
    }
    pthread_mutex_unlock(&watched_lock);
    if (!can_watch) {
        free(w);
        return false;
    }
    pthread_setspecific(watched_key, w);
    self = w;
    return true;
}

void watchdog_count_entry(unsigned step) {
    if (!self) return;
    atomic_fetch_add(&self->entries, step);
    if (atomic_load_explicit(&parked, memory_order_seq_cst)) {
        atomic_store(&parked, 0);
        syscall(SYS_futex, &parked, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

void watchdog_allow(int64_t ns) {
    if (self) atomic_store_explicit(&self->allowance_ns, ns, memory_order_relaxed);
}

int64_t watchdog_seen_cpu_ns(void) { return self ? atomic_load(&self->seen_cpu_ns) : 0; }
