#ifndef MFLUA_CEVENTLOOP_H
#define MFLUA_CEVENTLOOP_H

/* What Swift's Glibc module lacks: Linux's descriptors for waiting, and signal handlers that may run anywhere. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Flags of an event; the same bits as epoll's. */
enum {
    MFEventRead = 0x001,
    MFEventWrite = 0x004,
    MFEventError = 0x008,
    MFEventHangUp = 0x010,
};

typedef struct {
    uint64_t tag;
    uint32_t flags;
} mf_event;

/* The arguments that main was called with. */
int mf_argument_count(void);
const char *mf_argument(int index);

/* A new epoll descriptor; -1 on failure. */
int mf_epoll_create(void);

/* Adds a descriptor or changes what it waits for; 0, or an errno. */
int mf_epoll_set(int epoll, int descriptor, uint32_t flags, uint64_t tag);

/* Adds a descriptor edge-triggered; 0, or an errno. */
int mf_epoll_set_edge(int epoll, int descriptor, uint64_t tag);

/* Forgets a descriptor. */
void mf_epoll_remove(int epoll, int descriptor);

/* Waits for events, at most `nanoseconds` (negative: without end). Returns their number; 0 when interrupted. */
int mf_epoll_wait(int epoll, mf_event *events, int capacity, int64_t nanoseconds);

/* A new counter descriptor that does not block; -1 on failure. */
int mf_eventfd_create(void);

/* Adds one to a counter: whoever waits for it wakes up. */
void mf_eventfd_signal(int descriptor);

/* Takes the counter's value and makes it 0. */
uint64_t mf_eventfd_take(int descriptor);

/* Names the calling thread; longer names are cut. */
void mf_thread_set_name(const char *name);

/* The number of the event loop that this thread runs; 0 on all other threads. */
extern _Thread_local uintptr_t mf_loop_number;
static inline uintptr_t mf_loop_current(void) { return mf_loop_number; }
static inline void mf_loop_set_current(uintptr_t number) { mf_loop_number = number; }

/* Where a program's messages go. */
typedef enum {
    MFErrorsInherited, /* where those of this process go */
    MFErrorsPiped,
    MFErrorsMerged, /* where its output goes */
    MFErrorsDropped,
} mf_errors;

/* How a program is started. Its output comes through a pipe; without input it reads from /dev/null. */
typedef struct {
    char *const *words;       /* the program, looked up on PATH, and its arguments; ends with NULL */
    char *const *environment; /* ends with NULL; NULL: that of this process */
    const char *folder;       /* NULL: that of this process */
    bool has_input;
    mf_errors errors;
} mf_spawn_plan;

/* A program that was started. The descriptors do not block; -1 where there is none. */
typedef struct {
    int pid;
    int process; /* ready for reading when the program has ended */
    int input, output, errors;
} mf_child;

/* Starts a program in a process group of its own, which gets no other descriptor. 0, or an errno. */
int mf_spawn(const mf_spawn_plan *plan, mf_child *child);

/* Kills a program that mf_spawn started, with its group, and returns its status as waitpid gives it. */
int mf_reap(int pid);

/* Writes as write does, but raises no signal where nobody reads. */
ssize_t mf_write(int descriptor, const void *bytes, size_t count);

/* Nanoseconds on a clock that only goes forward. */
int64_t mf_monotonic_now(void);

/* Has `ring` called with its context after some nanoseconds, on a thread for that. Returns the alarm's number; 0 when
 * there is no memory or no thread. */
int64_t mf_alarm_set(int64_t delay, void (*ring)(void *context), void *context);

/* Tells whether an alarm was still to ring; it no longer is. */
bool mf_alarm_cancel(int64_t number);

/*
 * From now on the signal adds one to the counter. The first watcher of a signal replaces its handling, the removal of
 * the last one restores it. 0, or an errno (EAGAIN: too many watchers).
 */
int mf_signal_watch(int signal_number, int descriptor);
void mf_signal_unwatch(int signal_number, int descriptor);

/* Lets a signal reach the calling thread, or keeps it from it. Tells whether it was blocked before. */
bool mf_signal_unblock(int signal_number);
void mf_signal_block(int signal_number);

/* Lets all threads allocate from one heap. */
void mf_heap_single(void);

/* Reserves 1 MB for the stack of each later thread that asks for no size, in place of the usual 8. */
void mf_small_stacks(void);

#endif
