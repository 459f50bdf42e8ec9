#ifndef MFLUA_BENCH_PEER_PRIVATE_H
#define MFLUA_BENCH_PEER_PRIVATE_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <time.h>

#include "CBenchPeer.h"

struct bench_peer {
    lua_State *L;
};

static inline double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

#endif
