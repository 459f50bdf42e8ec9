#ifndef MFLUA_INTERNAL_H
#define MFLUA_INTERNAL_H

/*
 * The insides of the bridge, for the C files of this target.
 *
 * Notation of stack effects, as in Lua's manual: [-popped, +pushed, raises], where raises is `-` (never), `m` (memory
 * only) or `e` (anything).
 */

#include "CLuaShim.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <signal.h>

/* How many times Swift and Lua may call each other without returning. Lua itself allows 200 C calls; each round takes
 * three or four of them. The last levels are for telling that there are no more. */
#define MF_MAX_LEVELS 64
#define MF_SPARE_LEVELS 4
/* How many idle coroutines are kept for the next task. */
#define MF_MAX_POOL 64
/* A buffer that grew beyond this is given back after use. */
#define MF_KEEP_BUFFER (1u << 20)
/* How deeply a value may be nested that is made or copied: both recurse on the C stack. */
#define MF_MAX_DEPTH 1000

/* The two buffers of one nesting level. */
typedef struct {
    mf_buffer input;
    mf_buffer output;
} mf_level;

/* A debug hook of a script that another one has replaced for a moment. */
typedef struct {
    lua_State *thread;
    void (*function)(void);
    int mask, count;
} mf_hook;

/* The processor time of an emission under way; the innermost counts. */
typedef struct mf_cpu_limit {
    mf_emission *emission; /* NULL: there is no limit */
    int64_t start_ns, end_ns;
    bool armed; /* the hook is this limit's */
    struct mf_cpu_limit *outer;
} mf_cpu_limit;

/* What stands before each block of Lua's in a tenant's state. */
typedef struct mf_block {
    struct mf_block *next, *previous;
} mf_block;

struct mf_state {
    lua_State *main;
    /* The thread now running: nested calls go on it, so that Lua's count of C calls is right. */
    lua_State *volatile running;
    void *host;
    mf_host functions;

    /* Memory (state.c). `cap` is soft: beyond it allocations succeed within `margin`, and the state is terminated. */
    size_t used, peak, cap, margin;
    mf_fault *fault; /* NULL, but in the allocation sweep */

    /* More than 0 while the thread is in Swift code or in malloc, from where nothing may jump. */
    volatile sig_atomic_t outside;
    /* The Lua state was left in the middle of something. It is terminated, and not even closed. */
    volatile sig_atomic_t abandoned;
    mf_block *blocks; /* of Lua's, in a tenant's state */
    bool tracked;

    /* a terminated state never runs Lua again: checked after each resume and return. Tenants' limits set it. */
    volatile int32_t violation;
    /* Called once when the state becomes terminated, to arm the hook that stops running code; may be NULL. */
    void (*on_violation)(mf_state *s);
    /* For limits: whatever the files guarded_*.c need; freed by `free_limits`. */
    void *limits;
    void (*free_limits)(mf_state *s);

    /* Nesting. `nest` is the level of the Swift code now running, or that a callback would get. `entry` is the level
     * whose output the innermost call under way answers in. */
    int32_t nest, entry;
    mf_level *levels[MF_MAX_LEVELS];

    /* Waiting. */
    mf_task *task;           /* the task now running */
    int32_t nonyield;        /* C calls on the way that cannot be yielded across */
    int32_t system_yield;    /* MF_WAITING, MF_SLICED, MF_TERMINATED while such a yield passes to the driver, else 0 */
    bool stopped;            /* the hook of stop.c has ended what ran, and no call has reported it yet */
    mf_hook replaced;        /* by the hook of stop.c */
    mf_cpu_limit *cpu_limit; /* of the emission that runs, or NULL */
    int32_t reply;           /* MF_REPLY_VALUES or MF_REPLY_ERROR, for the resumed function */

    bool closing; /* no callback reaches Swift any more */
    bool warnings, warning_continues;

    /* Where the last error was raised, until its failure is noted. */
    mf_buffer traceback;
    bool has_traceback;

    int32_t closes;    /* nested coroutine.close */
    bool sliceable;    /* of the next task: see limits.c */
    mf_account *payer; /* the account of the next task, counted; NULL: one of its own */

    /* Slots of registry tables. */
    int32_t views; /* object pointer -> userdata, weak values */
    int32_t callable_metatable;
    int32_t empty_lists; /* tables that came as lists of no elements, weak keys: they go back as such while empty */

    int32_t line_counts; /* file -> line -> runs, while lines are counted */

    struct mf_retained *held; /* the Swift objects that Lua holds */

    mf_task *pool, *tasks;
    int32_t pool_count;
};

enum { MF_TASK_CALL = 0, MF_TASK_EMIT = 1 };

/* One pooled coroutine. */
struct mf_task {
    mf_state *state;
    lua_State *thread;
    int32_t slot; /* of the thread, in the registry */
    int32_t kind;
    mf_emission emission;
    mf_task *next, *previous;
    /* Of limits.c: who pays for its processor time, whether it opened that account, and whether it gives way at the end
     * of a slice. */
    mf_account *account;
    bool opened;
    bool sliceable;
    int32_t base; /* the level at which it was started or resumed last */
};

/* Processor time that a call shares with the tasks it spawned, and those they spawned. When the call is over, what is
 * left of them draws on the state's one account for such work. Counted references: tasks, and spawns yet to begin. */
struct mf_account {
    int64_t spent_ns;
    int32_t references;
    bool over;
};

/* ---- cpu_limit.c ---- */

/* [-0, +0, -] around each time that an emission's listeners run on `L` */
/* [-0, +0, e] Raises where the listeners that run have used more than their processor time. For hooks. */
void mf_cpu_look(lua_State *L);
/* coverage.c: sets the hook that counts lines again, where they are counted. */
void mf_count_lines_again(mf_state *s, lua_State *L);
void mf_cpu_limit_begin(mf_state *s, lua_State *L, mf_emission *e, mf_cpu_limit *limit);
void mf_cpu_limit_end(mf_state *s, lua_State *L, mf_cpu_limit *limit);

/* ---- state.c ---- */

/* The state that a Lua thread belongs to. The low bit of the extra space says that the thread waits in a system
 * yield, and may be resumed by the driver only. */
static inline mf_state *mf_state_of(lua_State *L) {
    return (mf_state *)(*(uintptr_t *)lua_getextraspace(L) & ~(uintptr_t)1);
}
static inline bool mf_is_waiting(lua_State *L) { return *(uintptr_t *)lua_getextraspace(L) & 1; }
static inline void mf_set_waiting(lua_State *L, bool waiting) {
    uintptr_t *space = lua_getextraspace(L);
    *space = waiting ? *space | 1 : *space & ~(uintptr_t)1;
}

/* [-0, +0, -] goes back to where Swift entered the abandoned state; does not return (limits.c) */
_Noreturn void mf_leave_abandoned(mf_state *s);
/* Whether a tenant's code is running, as opposed to its state being freed (limits.c) */
bool mf_is_inside(const mf_state *s);

/* Around every call of Swift by C that Lua called. */
static inline void mf_enter_swift(mf_state *s) { s->outside++; }
static inline void mf_leave_swift(mf_state *s) {
    s->outside--;
    if (s->abandoned && mf_is_inside(s)) mf_leave_abandoned(s);
}

/* The same, and on a thread of Lua: nested calls go on `L` and get levels from `level` on. Answers what
 * mf_end_call_of_swift puts back. */
static inline lua_State *mf_begin_call_of_swift(lua_State *L, mf_state *s, int32_t level) {
    lua_State *running = s->running;
    s->running = L;
    s->nest = level;
    mf_enter_swift(s);
    return running;
}

/* Ends the call; `nest` is the next level that is free. */
static inline void mf_end_call_of_swift(mf_state *s, lua_State *running, int32_t nest) {
    mf_leave_swift(s);
    s->nest = nest;
    s->running = running;
}

/* Memory that is counted, and fails, like Lua's own. NULL: none. */
void *mf_realloc(mf_state *s, void *block, size_t old_size, size_t new_size);
void mf_set_violation(mf_state *s, int32_t reason);

/* ---- buffer.c ---- */
void mf_buffer_free(mf_state *s, mf_buffer *b);
static inline bool mf_buffer_room(mf_state *s, mf_buffer *b, size_t more) {
    return b->capacity - b->count >= more || mf_buffer_grow(s, b, more);
}
/* Makes sure that the current level has its buffers. */
bool mf_level_ready(mf_state *s, int32_t level);

/* The output of a level, emptied. */
mf_buffer *mf_fresh_output(mf_state *s, int32_t level);
static inline mf_span mf_span_of(const mf_buffer *b) { return (mf_span){b->bytes, b->count, b->values}; }

/* ---- stop.c ---- */
/* The state that this thread is inside of; NULL outside of Lua. Read by the signal handler. */
extern _Thread_local mf_state *volatile mf_entered;
/* What a signal calls, on the thread that it is for. [-0, +0, -] */
void stop_on_signal(void);
/* Whether what ran on L was stopped; told once. [-0, +0, -] */
bool stop_taken(lua_State *L, mf_state *s);

/* ---- retained.c ---- */
/* One Swift object that Lua holds. */
typedef struct mf_retained {
    void *object;
    struct mf_retained *next, *previous;
} mf_retained;

/* Retains an object; NULL: no memory. */
mf_retained *mf_retain(mf_state *s, void *object);
void mf_release_object(mf_state *s, mf_retained *held);
void mf_release_all_objects(mf_state *s);

/* ---- codec.c ---- */
typedef struct {
    const uint8_t *at, *end;
} mf_reader;

/* [-0, +1, m] the next value of the wire */
void mf_decode(lua_State *L, mf_state *s, mf_reader *r);
/* [-0, +0, m] one value by reference: tables, functions and userdata are given a slot */
void mf_encode(lua_State *L, mf_state *s, mf_buffer *b, int index);
/* [-0, +0, m] one value as a copy. MF_OK, or MF_CONVERSION: then the buffer holds the failure */
int32_t mf_encode_copy(lua_State *L, mf_state *s, mf_buffer *b, int index, int depth);
/* [-0, +0, m] */
void mf_encode_string(lua_State *L, mf_state *s, mf_buffer *b, const char *bytes, size_t count);
void mf_encode_nil(lua_State *L, mf_state *s, mf_buffer *b);
/* [-0, +0, m] the reader over the input of a level */
mf_reader mf_read_input(mf_state *s, int32_t level);

/* ---- protect.c ---- */
/* [-0, +0, -] runs f(L) with a light userdata as argument 1, protected, without waiting; nothing is left on the stack */
int32_t mf_protect(mf_state *s, lua_CFunction f, void *argument);
/* The same, as long as the nesting is below a number of levels. */
int32_t mf_protect_within(mf_state *s, lua_CFunction f, void *argument, int32_t levels);
/* [-1, +0, -] the error on top of `from` (the running thread, or one that died) becomes the failure in the output of
 * level `level`; answers the status */
int32_t mf_note_failure(mf_state *s, lua_State *from, int status, int32_t level);
/* [-0, +1, -] message handler: keeps the traceback */
int mf_message_handler(lua_State *L);

/* ---- callbacks.c ---- */
/* Whether the running thread may wait. */
bool mf_can_wait(lua_State *L, mf_state *s);
/* [-0, +n, e] turns Swift's answer into values, an error, or a yield */
int mf_answer(lua_State *L, mf_state *s, int32_t level, int32_t reply);
/* [-0, +0, e] raises the error object that Swift makes for a refusal; does not return */
int mf_refuse(lua_State *L, mf_state *s, int32_t reason, void *callable);
/* [-0, +1, m] a Lua function for a Swift callable */
void mf_push_callable(lua_State *L, mf_state *s, void *callable, bool is_async);
/* [-0, +1, m] */
void mf_make_callable_metatable(lua_State *L, mf_state *s);

/* [-0, +0, e] takes a nesting level for a callback, its output emptied */
int32_t mf_enter_callback(lua_State *L, mf_state *s);

/* ---- views.c ---- */
/* The payload of a view: a mark, and the words of its object's existential. */
typedef struct {
    const void *mark;
    void *words[2];
    mf_retained *held;
} mf_view;

/* [-0, +1, m] the view of a Swift object: the same userdata as long as Lua holds it */
void mf_push_view(lua_State *L, mf_state *s, void *const words[2]);
/* [-0, +0, -] the view at an index, or NULL */
mf_view *mf_to_view(lua_State *L, int index);

/* ---- tasks.c ---- */
void mf_free_tasks(mf_state *s);
/* Whether a call into Lua may begin on the current level: MF_OK, MF_TERMINATED, MF_NESTING or MF_MEMORY. */
int32_t mf_may_enter(mf_state *s);

/* ---- emission.c ---- */
/* [-0, +0, e] lua_CFunction; argument 1: light userdata mf_emission */
int mf_emission_body(lua_State *L);

/* ---- coroutine.c ---- */
/* [-0, +0, -] runs the pending __close metamethods of a coroutine that died or waits, and before them those of the
 * coroutines that wait in it, innermost first; none of them can wait */
void mf_close_coroutines(lua_State *L, mf_state *s);
/* [-0, +0, m] replaces functions of the global table `coroutine` */
void mf_replace_coroutine_library(lua_State *L);
#endif
