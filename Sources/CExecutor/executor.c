#define _GNU_SOURCE
#include "CExecutor.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What Swift's runtime says about a job in ExecutorImpl.h: the second private word belongs to the executor. */
typedef struct job {
    const void *metadata;
    uintptr_t references;
    void *waiting;
    struct job *next;
} job;

/* The executor that a job is told it runs on; all zero for that of no actor. */
typedef struct {
    void *identity;
    uintptr_t implementation;
} executor;

#define SWIFTCALL __attribute__((swiftcall))

/* The runtime's own functions, and the variables by which it is told others (Concurrency.h). */
extern SWIFTCALL void swift_job_run(job *job, executor executor);
extern void *swift_task_enqueueGlobal_hook;

enum { most_threads = 16, fewest_threads = 4 };

/* All that follows is read and changed under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrival = PTHREAD_COND_INITIALIZER;
/* The jobs, in the order they came. */
static job *first;
static job **end = &first;
static int thread_count, idle_count, thread_limit, waiting_count;

static void append(job *job) {
    job->next = NULL;
    *end = job;
    end = &job->next;
    waiting_count++;
}

static job *take(void) {
    job *job = first;
    if (!job) return NULL;
    first = job->next;
    if (!first) end = &first;
    waiting_count--;
    return job;
}

static void *work(void *unused) {
    (void)unused;
    pthread_mutex_lock(&lock);
    idle_count--;
    for (;;) {
        job *job = take();
        if (!job) {
            idle_count++;
            pthread_cond_wait(&arrival, &lock);
            idle_count--;
            continue;
        }
        pthread_mutex_unlock(&lock);
        swift_job_run(job, (executor){NULL, 0});
        pthread_mutex_lock(&lock);
    }
    return NULL;
}

/* Has a thread look at the line: one that idles, or a new one. Under the lock. */
static void attend(void) {
    if (idle_count > 0) pthread_cond_signal(&arrival);
    if (idle_count >= waiting_count || thread_count == thread_limit) return;
    /* Signals are for the threads that wait for them. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int failure = pthread_create(&thread, NULL, work, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure == 0) {
        pthread_detach(thread);
        thread_count++;
        /* Until it begins. */
        idle_count++;
    } else if (thread_count == 0) {
        /* Nothing would ever run, and nobody here can throw an error. */
        fprintf(stderr, "error: there is no thread to run on: %s\n", strerror(failure));
        _exit(1);
    }
}

static SWIFTCALL void enqueue_global(job *job, void *original) {
    (void)original;
    pthread_mutex_lock(&lock);
    append(job);
    attend();
    pthread_mutex_unlock(&lock);
}

void mf_executor_install(void) {
    cpu_set_t processors;
    int count = sched_getaffinity(0, sizeof processors, &processors) == 0 ? CPU_COUNT(&processors) : 0;
    thread_limit = count < fewest_threads ? fewest_threads : count > most_threads ? most_threads : count;
    swift_task_enqueueGlobal_hook = (void *)enqueue_global;
}
