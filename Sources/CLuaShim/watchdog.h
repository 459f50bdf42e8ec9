/* The watchdog: one thread a process that signals the threads that stay inside of a tenant. It sleeps while none does. */
#ifndef MFLUA_WATCHDOG_H
#define MFLUA_WATCHDOG_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* How often it looks at who is inside of a tenant. */
#define TICK_NS 1000000

/* ThreadSanitizer holds a signal back until the program calls something that it intercepts, and Lua's loops call nothing.
 * So there the signal goes around it: the handler then interrupts its runtime too, may not be instrumented, and must
 * return. What is stuck inside of Lua is not abandoned there. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_THREAD_SANITIZER
#endif
#endif

#ifdef WITH_THREAD_SANITIZER
#define AROUND_SANITIZER __attribute__((disable_sanitizer_instrumentation))
enum { CAN_ABANDON = 0 };
#else
#define AROUND_SANITIZER
enum { CAN_ABANDON = 1 };
#endif

/* What a clock says. [-0, +0, -] */
static inline int64_t clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Has this thread watched from now on. False: there is no memory, or no thread, for it. */
bool watchdog_watch_this_thread(void);

/* What a signal calls, on the thread that it is for (limits.c). */
void guard_on_tick(int signal_number, siginfo_t *info, void *context);

/* Whether what a signal interrupted is code of Lua or of this library, and no function of libc. For signal handlers. */
bool watchdog_interrupted_lua(const void *context);

/* Counts by 1 from outside to inside and back, by 2 from one entry to another. */
void watchdog_count_entry(unsigned step);

/* How much processor time this thread may take until the next signal. */
void watchdog_allow(int64_t ns);

/* The thread's processor time when the entry that runs was first seen; 0 before it is, or if the thread is not watched. */
int64_t watchdog_seen_cpu_ns(void);

#endif
