#define _GNU_SOURCE
#include "CEventLoop.h"

#include <malloc.h>
#include <pthread.h>

void mf_heap_single(void) { mallopt(M_ARENA_MAX, 1); }

void mf_small_stacks(void) {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) return;
    if (pthread_attr_setstacksize(&attributes, 1 << 20) == 0) pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}
