#include "CEventLoop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { SIGNAL_LIMIT = 65, WATCHER_LIMIT = 64 };

/* Counters to add to, plus 1 (0: free). Atomic, as the handler reads them on whatever thread the signal chose. */
static atomic_int watchers[SIGNAL_LIMIT][WATCHER_LIMIT];
static struct sigaction previous[SIGNAL_LIMIT];
static int watcher_count[SIGNAL_LIMIT];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void handle(int signal_number) {
    int saved = errno;
    for (int i = 0; i < WATCHER_LIMIT; i++) {
        int descriptor = atomic_load(&watchers[signal_number][i]);
        if (descriptor != 0) mf_eventfd_signal(descriptor - 1);
    }
    errno = saved;
}

int mf_signal_watch(int signal_number, int descriptor) {
    if (signal_number <= 0 || signal_number >= SIGNAL_LIMIT) return EINVAL;
    int result = EAGAIN;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < WATCHER_LIMIT; i++) {
        if (atomic_load(&watchers[signal_number][i]) != 0) continue;
        atomic_store(&watchers[signal_number][i], descriptor + 1);
        result = 0;
        if (watcher_count[signal_number]++ == 0) {
            struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
            sigemptyset(&action.sa_mask);
            if (sigaction(signal_number, &action, &previous[signal_number]) != 0) {
                result = errno;
                atomic_store(&watchers[signal_number][i], 0);
                watcher_count[signal_number]--;
            }
        }
        break;
    }
    pthread_mutex_unlock(&mutex);
    return result;
}

void mf_signal_unwatch(int signal_number, int descriptor) {
    if (signal_number <= 0 || signal_number >= SIGNAL_LIMIT) return;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < WATCHER_LIMIT; i++) {
        if (atomic_load(&watchers[signal_number][i]) != descriptor + 1) continue;
        if (--watcher_count[signal_number] == 0) sigaction(signal_number, &previous[signal_number], NULL);
        atomic_store(&watchers[signal_number][i], 0);
        break;
    }
    pthread_mutex_unlock(&mutex);
}

bool mf_signal_unblock(int signal_number) {
    sigset_t set, previous;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    pthread_sigmask(SIG_UNBLOCK, &set, &previous);
    return sigismember(&previous, signal_number) == 1;
}

void mf_signal_block(int signal_number) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}
