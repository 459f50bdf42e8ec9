#define _GNU_SOURCE
#include "CEventLoop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

_Static_assert(MFEventRead == EPOLLIN && MFEventWrite == EPOLLOUT, "flags are epoll's");
_Static_assert(MFEventError == EPOLLERR && MFEventHangUp == EPOLLHUP, "flags are epoll's");

int mf_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int set(int epoll, int descriptor, uint32_t flags, uint64_t tag) {
    struct epoll_event event = {.events = flags, .data.u64 = tag};
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event) == 0) return 0;
    /* Unknown, or closed and opened again since it was added. */
    if (errno == ENOENT && epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0) return 0;
    return errno;
}

int mf_epoll_set(int epoll, int descriptor, uint32_t flags, uint64_t tag) { return set(epoll, descriptor, flags, tag); }

int mf_epoll_set_edge(int epoll, int descriptor, uint64_t tag) {
    return set(epoll, descriptor, EPOLLIN | EPOLLET, tag);
}

void mf_epoll_remove(int epoll, int descriptor) { epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL); }

static int wait_for(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
    static atomic_bool has_pwait2 = true;
    if (nanoseconds < 0) return epoll_wait(epoll, events, capacity, -1);
    if (nanoseconds == 0) return epoll_wait(epoll, events, capacity, 0);
    if (atomic_load_explicit(&has_pwait2, memory_order_relaxed)) {
        struct timespec timeout = {nanoseconds / 1000000000, nanoseconds % 1000000000};
        int count = epoll_pwait2(epoll, events, capacity, &timeout, NULL);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        /* Kernels before 5.11, and sandboxes that do not know the call. */
        atomic_store_explicit(&has_pwait2, false, memory_order_relaxed);
    }
    int64_t milliseconds = (nanoseconds + 999999) / 1000000;
    return epoll_wait(epoll, events, capacity, milliseconds > 3600000 ? 3600000 : (int)milliseconds);
}

int mf_epoll_wait(int epoll, mf_event *events, int capacity, int64_t nanoseconds) {
    struct epoll_event raw[64];
    int count = wait_for(epoll, raw, capacity < 64 ? capacity : 64, nanoseconds);
    if (count < 0) return 0;
    for (int i = 0; i < count; i++) events[i] = (mf_event){raw[i].data.u64, raw[i].events};
    return count;
}

int mf_eventfd_create(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void mf_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    /* Fails only when the counter is full, and then the reader is awake anyway. */
    ssize_t written = write(descriptor, &one, sizeof one);
    (void)written;
}

uint64_t mf_eventfd_take(int descriptor) {
    uint64_t value = 0;
    return read(descriptor, &value, sizeof value) == sizeof value ? value : 0;
}

void mf_thread_set_name(const char *name) {
    char cut[16];
    snprintf(cut, sizeof cut, "%s", name);
    pthread_setname_np(pthread_self(), cut);
}

int64_t mf_monotonic_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
