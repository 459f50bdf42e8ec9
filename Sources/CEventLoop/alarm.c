#define _GNU_SOURCE
#include "CEventLoop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* What is to be called, and those whose time is later. */
typedef struct entry {
    int64_t due, number;
    void (*ring)(void *context);
    void *context;
    struct entry *next;
} entry;

static const int64_t nanoseconds = 1000000000;
/* How long the thread waits for more before it ends. */
static const int64_t patience = 1000000000;

/* All that follows is read and changed under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change;
static entry *alarms;
static int64_t last_number;
static bool is_running;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_condition(void) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&change, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Waits for a change, at most until a time. */
static int wait_until(int64_t time) {
    struct timespec until = {.tv_sec = time / nanoseconds, .tv_nsec = time % nanoseconds};
    return pthread_cond_timedwait(&change, &lock, &until);
}

static void *run(void *unused) {
    (void)unused;
    mf_thread_set_name("mflua alarms");
    pthread_mutex_lock(&lock);
    for (;;) {
        entry *first = alarms;
        if (!first) {
            if (wait_until(mf_monotonic_now() + patience) == ETIMEDOUT && !alarms) break;
        } else if (first->due > mf_monotonic_now()) {
            wait_until(first->due);
        } else {
            alarms = first->next;
            pthread_mutex_unlock(&lock);
            first->ring(first->context);
            free(first);
            pthread_mutex_lock(&lock);
        }
    }
    is_running = false;
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* 0, or an errno. Under the lock. */
static int start(void) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    /* Signals are for other threads. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int failure = pthread_create(&thread, &attributes, run, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    is_running = failure == 0;
    return failure;
}

int64_t mf_alarm_set(int64_t delay, void (*ring)(void *context), void *context) {
    pthread_once(&once, make_condition);
    entry *new = malloc(sizeof *new);
    if (!new) return 0;
    pthread_mutex_lock(&lock);
    if (!is_running && start() != 0) {
        pthread_mutex_unlock(&lock);
        free(new);
        return 0;
    }
    int64_t number = ++last_number;
    *new = (entry){.due = mf_monotonic_now() + delay, .number = number, .ring = ring, .context = context};
    entry **place = &alarms;
    while (*place && (*place)->due <= new->due) place = &(*place)->next;
    new->next = *place;
    *place = new;
    pthread_cond_signal(&change);
    pthread_mutex_unlock(&lock);
    return number;
}

bool mf_alarm_cancel(int64_t number) {
    pthread_mutex_lock(&lock);
    entry **place = &alarms;
    while (*place && (*place)->number != number) place = &(*place)->next;
    entry *found = *place;
    if (found) *place = found->next;
    pthread_mutex_unlock(&lock);
    free(found);
    return found != NULL;
}
