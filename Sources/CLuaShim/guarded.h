#ifndef MFLUA_GUARDED_H
#define MFLUA_GUARDED_H

/*
 * What a tenant's state has beside a host's: limits, and a standard library whose functions keep to them.
 *
 * A tenant over a limit is *terminated*: the coroutine that runs yields out of its task and is never resumed. Where it cannot
 * yield (a comparator, a gsub callback, a metamethod called from C) an error is raised at every instruction until it can.
 * Nothing here is always armed: a watchdog thread signals the loop's thread when a tenant runs for a whole tick, and the
 * signal arms the debug hook on the coroutine that is running.
 *
 * Some of Lua's own C code runs for minutes without coming to an instruction or an allocation: the collector in a chain
 * of weak keys laid against their order, a call of a table that is its own `__call`. A state that is half over its limit
 * again is *abandoned*: the signal handler jumps to where Swift entered Lua. Nothing ever looks into the Lua state again;
 * its blocks are freed by the list that the allocator keeps. The jump is taken only where the instruction pointer is in
 * Lua or in this library: a function of libc may hold a lock (the time zone's, the allocator's, the linker's), which would
 * stay locked for the host. It is never taken while Swift runs or while something that outlives the state changes
 * (`outside`).
 */

#include "internal.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct guard {
    mf_state *state;
    mf_limits limits;

    /* One entry into Lua: from the outermost call of this state to its return. */
    volatile sig_atomic_t tick; /* a tick passed since the last look; set by the signal handler */
    int unanswered;             /* ticks since the last look */
    int entries;                /* nested entries */
    struct guard_frame *volatile innermost;
    int64_t *account;           /* processor time of the call that runs, up to this entry */
    int64_t entered_ns;         /* wall clock */
    int64_t tick_cpu_ns;        /* the thread's clock at the entry's first tick; 0 before it */
    int64_t before_tick_ns;     /* what the entry took before that tick */
    int64_t single_ns;          /* the account of calls that are no task */
    int64_t outliving_ns;       /* the account of all tasks that outlive the call that spawned them */
    int64_t outliving_since_ns; /* wall clock: until when it was paid back */

    bool collect;              /* the cap was crossed: collect, then decide */
    bool slice_due;            /* the running task had its share */
    int64_t total_ns;          /* processor time of the state's life */
    lua_Integer names;         /* handed out by tostring */
    char place[MF_PLACE_SIZE]; /* file and line where the limit was reached; empty: not known */
} guard;

/* ---- limits.c ---- */

/* The guard of L's state; NULL in a host's state. */
static inline guard *guard_of(lua_State *L) { return mf_state_of(L)->limits; }

/* Around every entry into a tenant's Lua code, after `task` is set:
 *
 *     guard_frame frame;
 *     volatile int status = LUA_ERRRUN;
 *     if (!guard_enter(s, &frame) || _setjmp(frame.way_out) == 0) status = lua_pcall(…);
 *     guard_leave(s, &frame);
 *
 * Afterwards the state may be abandoned, and then its Lua state is not to be touched. */
typedef struct guard_frame {
    guard *outer; /* the tenant that this entry interrupts */
    int64_t *account;
    struct guard_frame *below; /* the entry of the same state that this one interrupts */
    sig_atomic_t outside;
    jmp_buf way_out;
} guard_frame;

/* False in a host's state. */
bool guard_enter(mf_state *s, guard_frame *frame);
void guard_leave(mf_state *s, guard_frame *frame);

/* The allocator tells that the cap was crossed. [-0, +0, -] */
void guard_over_cap(mf_state *s);

/* Beyond this even what must not fail does: a table that doubles just below the cap stays far under it. */
static inline size_t guard_hard_cap(const mf_state *s) { return 4 * s->cap + ((size_t)64 << 20); }

/* Terminates and ends the coroutine that hands more to Swift than a message may hold. [-0, +0, e] */
static inline void guard_check_message(lua_State *L, mf_state *s, size_t count);

/* Called by C functions that take their time. Returns, or ends the coroutine. [-0, +0, e] */
void guard_spend(lua_State *L);

/* The same for each step of a loop: a step may be long, so none is left out, and looking costs three loads. */
static inline void guard_step(lua_State *L) {
    guard *g = guard_of(L);
    if (g && (g->tick | g->collect | g->state->violation)) guard_spend(L);
}

/* Ends a terminated coroutine from a C function: yields where that is possible, raises elsewhere. */
_Noreturn void guard_kill(lua_State *L);

/* Ends the coroutine when the state is terminated. */
static inline void guard_check(lua_State *L) {
    if (mf_state_of(L)->violation) guard_kill(L);
}

static inline void guard_check_message(lua_State *L, mf_state *s, size_t count) {
    guard *g = s->limits;
    if (!g || !g->limits.message || count <= g->limits.message) return;
    mf_set_violation(s, MF_VIOLATION_MESSAGE);
    guard_kill(L);
}

/* Terminates and ends the coroutine when `bytes` more would go over the memory limit: for sizes known beforehand. */
void guard_reserve(lua_State *L, size_t bytes);

/* ---- guarded_*.c: each adds its functions to the table on the top of the stack; [-0, +0, m] ---- */

void guarded_open_base(lua_State *L);
void guarded_open_debug(lua_State *L);
void guarded_open_load(lua_State *L);
void guarded_open_math(lua_State *L);
void guarded_open_os(lua_State *L);
void guarded_open_pattern(lua_State *L);
void guarded_open_string(lua_State *L);
void guarded_open_table(lua_State *L);

/* [-0, +1, e] what tostring gives in a tenant for the value at index: no addresses */
const char *guarded_tolstring(lua_State *L, int index, size_t *length);

/* [-0, +1, m] a face of the table at index that reads through and refuses writes */
void guarded_push_read_only(lua_State *L, int index);

/* [-0, +0, m] has rawset refuse the table at index */
void guarded_note_read_only(lua_State *L, int index);

/* [-0, +0, e] raises when the table at index is such a face */
void guarded_refuse_read_only(lua_State *L, int index);

/* As luaL_loadbufferx for text, but it looks at the limits while it compiles: a status. [-0, +1, e] */
int guarded_compile(lua_State *L, const char *source, size_t count, const char *name);

/* Why a tenant may not compile a source; NULL when it may, and in a host's state. [-0, +0, e] */
const char *guarded_source_fault(lua_State *L, const char *source, size_t count);

/* lua_CFunction: makes the tenant's library and its globals */
int guarded_open(lua_State *L);

#endif
