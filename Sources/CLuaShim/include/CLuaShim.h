#ifndef MFLUA_CLUASHIM_H
#define MFLUA_CLUASHIM_H

/*
 * What Swift may know of Lua. This header does not include lua.h on purpose: almost every function of Lua's API can
 * raise an error with longjmp, and a Swift frame must never be jumped over. Everything declared here is safe to call
 * from Swift: it runs what can raise under lua_pcall (or in a coroutine) and answers with a status.
 *
 * Values travel as flat buffers, one call a tree (see "The wire"). Each nesting level of Swift -> Lua -> Swift has an
 * input buffer (Swift writes, C reads) and an output buffer (C writes, Swift reads); they are reused between calls.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mf_state mf_state;
typedef struct mf_task mf_task;
typedef struct mf_account mf_account;

/* A growing buffer, owned by the state. */
typedef struct {
    uint8_t *bytes;
    size_t count;
    size_t capacity;
    uint32_t values;    /* how many there are, where that is known beforehand */
    uint32_t functions; /* how many of the values, nested ones included, are functions */
} mf_buffer;

enum { MF_FUNCTION_SIZE = 256 }; /* what a function counts of a message, beside its bytes */

/* Bytes to be read; valid until the next call on the same nesting level. */
typedef struct {
    const uint8_t *bytes;
    size_t count;
    uint32_t values; /* how many there are, or 0: not known beforehand */
} mf_span;

/* How an operation ended. */
enum {
    MF_OK = 0,
    MF_ERROR = 1,      /* a value was raised: mf_failure tells it */
    MF_MEMORY = 2,     /* not enough memory */
    MF_SYNTAX = 3,     /* a chunk does not compile: mf_failure tells it */
    MF_WAITING = 4,    /* a task waits for the Swift function it called */
    MF_SLICED = 5,     /* a task gave way at the end of its time slice */
    MF_TERMINATED = 6, /* the state is over a limit (mf_violation) and will not run again */
    MF_CONVERSION = 7, /* a value cannot cross: mf_failure holds kind and path */
    MF_NESTING = 8,    /* Swift and Lua call each other too deeply */
    MF_THREADS = 9,    /* the watchdog's thread cannot be started */
    MF_STOPPED = 10,   /* the task that runs was cancelled, and a signal had the state look */
};

/* What a callback into Swift answers. */
enum {
    MF_REPLY_VALUES = 0, /* values are in the input buffer */
    MF_REPLY_ERROR = 1,  /* one value is in the input buffer: raise it */
    MF_REPLY_WAIT = 2,   /* the function is asynchronous and was noted: yield */
    MF_REPLY_MEMORY = 3, /* the reply did not fit into memory: raise a memory error */
    MF_REPLY_KEPT = 16,  /* added to the above: Swift keeps the reply's objects alive until `forget` */
};

/* Why C refuses something and asks Swift for the error object. */
enum {
    MF_REFUSE_WAIT = 0,    /* an asynchronous function where Lua cannot yield */
    MF_REFUSE_NESTING = 1, /* Swift and Lua call each other too deeply */
    MF_REFUSE_WRITE = 2,   /* a write to a read-only table */
    MF_REFUSE_DEPTH = 3,   /* a value nested too deeply, or containing itself */
};

/* Why a state is terminated. */
enum {
    MF_VIOLATION_NONE = 0,
    MF_VIOLATION_CPU = 1,
    MF_VIOLATION_WALL = 2,
    MF_VIOLATION_MEMORY = 3,
    MF_VIOLATION_TASKS = 4,
    MF_VIOLATION_MESSAGE = 5,
};

/* ---- The wire ----
 * One byte for the tag, then the payload in host byte order, unaligned. */
enum {
    MF_TAG_NIL = 0,
    MF_TAG_FALSE = 1,
    MF_TAG_TRUE = 2,
    MF_TAG_INTEGER = 3,   /* int64 */
    MF_TAG_NUMBER = 4,    /* double */
    MF_TAG_STRING = 5,    /* uint32 count, bytes */
    MF_TAG_NULL = 6,      /* light userdata NULL */
    MF_TAG_TABLE = 7,     /* int32 slot, uint64 identity */
    MF_TAG_FUNCTION = 8,  /* int32 slot, uint64 identity */
    MF_TAG_USERDATA = 9,  /* int32 slot, uint64 identity */
    MF_TAG_OBJECT = 10,   /* two words: the Swift object and its witness table */
    MF_TAG_CALLABLE = 11, /* word: the Swift callable; byte: asynchronous; Swift -> C only */
    MF_TAG_ARRAY = 12,    /* uint32 count, values */
    MF_TAG_RECORD = 13,   /* uint32 count, key and value in turn */
    MF_TAG_BYTES = 15,    /* as MF_TAG_STRING, but not valid UTF-8; C -> Swift only */
    MF_TAG_THREAD = 16,   /* as MF_TAG_USERDATA, of a coroutine; C -> Swift only */
    MF_TAG_SAME = 14,     /* C -> Swift only, in emissions: the value that was put in is unchanged */
};

/* ---- The Swift side ----
 * Every function returns normally; C raises or yields after it has. `words` points to the two words of an object's
 * existential. Replies go to mf_input(). */
typedef struct {
    int32_t (*invoke)(void *host, void *callable, mf_span arguments);
    int32_t (*get)(void *host, const void *words, int32_t key_tag, const char *bytes, size_t count, int64_t integer);
    int32_t (*set)(void *host, const void *words, mf_span key_and_value);
    int32_t (*keys)(void *host, const void *words);
    int64_t (*count)(void *host, const void *words);
    int32_t (*describe)(void *host, const void *words);
    int32_t (*type)(void *host, const void *words);                /* the slot of its metatable, negative: no memory */
    int32_t (*refuse)(void *host, int32_t reason, void *callable); /* callable: NULL, or the one it is about */
    bool (*stops)(void *host);                 /* whether what runs is to be stopped: its task was cancelled */
    void (*forget)(void *host, int32_t level); /* the reply of a level has been read */
    void (*retain)(void *object);
    void (*release)(void *object);
} mf_host;

/* Fault injection for the allocation sweep; a test sets it at creation. */
typedef struct {
    uint64_t count;     /* allocations asked for so far */
    uint64_t fail_from; /* the first to fail, counted from 1; 0: none */
    uint64_t fail_run;  /* how many fail in a row */
    uint64_t failed;    /* how many did */
    int64_t live;       /* bytes that are allocated now */
} mf_fault;

/* ---- State ---- */
/* NULL: no memory. A tenant's state gets its limits by mf_set_limits. */
mf_state *mf_state_new(const mf_host *functions, void *host, bool is_tenant, mf_fault *fault);
void mf_state_free(mf_state *s);
/* From now on SIGURG, sent to a thread that is inside of a host's state, has it ask `stops` at the next instruction. */
void mf_expect_stops(void);
void mf_state_closing(mf_state *s);    /* from now on no callback reaches Swift, except release */
bool mf_state_busy(const mf_state *s); /* whether a call into Lua is under way */
/* `ignores_paths`: LUA_PATH and LUA_CPATH are passed over. */
int32_t mf_open_host_libraries(mf_state *s, bool ignores_paths);

size_t mf_memory_used(const mf_state *s);
size_t mf_memory_peak(const mf_state *s);
void mf_memory_limit(mf_state *s, size_t cap, size_t margin); /* 0: none */
void mf_charge(mf_state *s, int64_t bytes);                   /* held for Lua outside of it; negative: no longer */
int32_t mf_violation(const mf_state *s);
/* `place`: where the code began that went over the limit, for when no Lua function of it is on the stack; or NULL */
void mf_terminate(mf_state *s, int32_t reason, const char *place);
enum { MF_PLACE_SIZE = 80 };
/* File and line of the Lua function that called Swift, or else that began to wait last; empty: there is none. */
void mf_place(const mf_state *s, char place[MF_PLACE_SIZE]);
const char *
mf_violation_place(const mf_state *s); /* file and line of the code that went over the limit; empty: not known */
int32_t mf_collect(mf_state *s);

/* ---- Limits (limits.c): what makes a state a tenant's ---- */
typedef struct {
    size_t memory;   /* bytes of live Lua objects; 0: none */
    size_t source;   /* bytes of one `load`; 0: none */
    size_t message;  /* bytes of what goes to Swift at a time; 0: none */
    int64_t cpu_ns;  /* processor time of one call and what it spawned; 0: none */
    int64_t wall_ns; /* the time in which what outlives its call gets `cpu_ns` again; 0: never */
} mf_limits;

int32_t mf_set_limits(mf_state *s, const mf_limits *limits);
/* Whether the tasks that begin from now on may be interrupted for others (MF_SLICED), and their account to begin with. */
void mf_set_sliceable(mf_state *s, bool sliceable);
/* The account of the call that runs, for the tasks it spawns; one for what outlives its call where there is no task; NULL:
 * no memory. To be released by the same thread. */
mf_account *mf_account_retain(const mf_state *s);
void mf_account_release(mf_account *account);
/* The next task draws on this account; NULL: on one of its own. */
void mf_pay_from(mf_state *s, mf_account *account);
/* Whether the Lua code that calls Swift right now may wait. */
bool mf_may_wait(mf_state *s);
/* Where the innermost Lua function that runs is: its chunk's name and its line; NULL: there is none. Valid until Lua goes
 * on. `waiting`: the function of Swift is one that waits, and has not yet. `environment`: the identity of its `_ENV`, 0
 * where it has none. */
const char *mf_caller(mf_state *s, bool waiting, int32_t *line, uint64_t *environment);
/* Whether a function, by its identity, is among the innermost of the Lua code that calls Swift right now, or, `waiting`,
 * of the code that began to wait last. */
bool mf_is_calling(mf_state *s, uint64_t function, bool waiting);
/* Time that Swift has spent for a task that waits: its account pays for it. */
void mf_task_charge(mf_task *t, int64_t ns);
/* Whether the state is over a limit, for functions of Swift that take their time: looks at the clock when a tick has passed. */
bool mf_over_limit(mf_state *s);
int64_t mf_cpu_time(const mf_state *s); /* nanoseconds, of the state's whole life */
int32_t mf_open_tenant_libraries(mf_state *s);

/* ---- Buffers ---- */
mf_buffer *mf_input(mf_state *s); /* emptied; NULL: no memory or nested too deeply */
int32_t mf_current_level(const mf_state *s);
/* Whether so many bytes can be had now: Swift cannot go on without memory that it asks for. Always, for few. */
bool mf_has_room(size_t count);
bool mf_buffer_grow(mf_state *s, mf_buffer *b, size_t more);

/* ---- Failures ----
 * After MF_ERROR, MF_SYNTAX and MF_CONVERSION, until the next call. The wire holds: value, message, code (string or
 * nil), traceback (string or nil). For MF_CONVERSION: nil, a sentence, the path of a value that is nested too deeply or
 * else nil, nil. */
mf_span mf_failure(const mf_state *s);

/* ---- References ---- */
bool mf_release(mf_state *s, int32_t slot); /* false: no stack space now, try again later */
enum { MF_GLOBALS_SLOT = 2 };               /* never released */
uintptr_t mf_globals_identity(mf_state *s);

/* ---- Calls ---- arguments from mf_input(); results as wire */
int32_t mf_load(mf_state *s, const char *source, size_t count, const char *name, int32_t environment, mf_span *result);
int32_t mf_call(mf_state *s, int32_t function, int32_t argument_count, mf_span *results);
int32_t mf_make(mf_state *s, mf_span *result); /* one value from the input, back as a reference */
int32_t mf_environment(mf_state *s, int32_t base, mf_span *result);
int32_t mf_read_only(mf_state *s, int32_t table, mf_span *result);
int32_t mf_to_string(mf_state *s, mf_span *result); /* one value from the input */

/* ---- Tables ---- keys and values from mf_input() */
enum {
    MF_TABLE_GET = 0,
    MF_TABLE_SET = 1,
    MF_TABLE_RAW_GET = 2,
    MF_TABLE_RAW_SET = 3,
    MF_TABLE_COUNT = 4,
    MF_TABLE_PAIRS = 5,
    MF_TABLE_COPY = 6,          /* argument: depth */
    MF_TABLE_SET_METATABLE = 7, /* nil or a table */
    MF_TABLE_METATABLE = 8,
    MF_TABLE_CLEAR = 9,
};
int32_t mf_table(mf_state *s, int32_t operation, int32_t table, int32_t argument, mf_span *result);

/* ---- Holders ----
 * What keeps code in memory: `globals` is the slot of a table whose keys are environments, `sources` that of one whose keys
 * are the names of chunks. Answers a string for each function with such an environment, or with none and of such a chunk,
 * and for each such environment, at most `limit`: the shortest path to it from the roots. */
int32_t mf_find_holders(mf_state *s, int32_t globals, int32_t sources, int32_t limit, mf_span *result);

/* ---- Views ---- */
/* Makes the metatable of one type. Input: type name, then name and callable in turn. Answers its slot. */
int32_t mf_register_type(mf_state *s, int32_t method_count, int32_t *slot);

/* ---- Tasks: pooled coroutines ----
 * A start runs the task at once. MF_OK: it ended, and is in the pool again; MF_WAITING, MF_SLICED: `*task` is to be
 * resumed or dropped; anything else: it ended, too.
 * `chained`: a function that comes back is called at once, without arguments; the results are then `true` and its first
 * result, else the first result alone. */
int32_t mf_task_call(mf_state *s, int32_t function, int32_t argument_count, bool chained, mf_task **task,
                     mf_span *results);
void mf_task_drop(mf_task *task);
/* Ends a task that waits as coroutine.close does: its pending __close metamethods run, unless the state is terminated. */
void mf_task_close(mf_task *task);
void mf_tasks_close(mf_state *s); /* all tasks that wait; the state is closed next */
const void *mf_task_current(const mf_state *s);
/* How many calls from Swift lie between the code of the current task and what runs now; 0: none. */
int32_t mf_task_depth(const mf_state *s);

/* ---- Emission ---- */
enum { MF_EMIT_SYNC = 0, MF_EMIT_ASYNC = 1, MF_EMIT_SYNC_WATERFALL = 2, MF_EMIT_ASYNC_WATERFALL = 3 };

/* One call of so many is timed: two looks at the clock cost what a small listener costs. */
enum { MF_TIMED_EVERY = 64 };

/* What the calls of one listener have come to; times in nanoseconds. */
typedef struct {
    uint64_t calls, noops;          /* noops: it returned nothing */
    uint64_t timed, spent, longest; /* the calls whose time was taken, and that time without their waits */
    uint64_t waited;                /* the time that all calls have waited */
} mf_tally;

typedef struct {
    /* what to do */
    int32_t kind;
    int32_t listeners; /* slot of the list of functions */
    int32_t listener_count;
    int32_t shape;         /* slot of the list of keys; 0: the data is one value */
    int32_t field_count;   /* values in the input, one a key of the shape */
    int32_t data;          /* slot of the table that an earlier emission left, instead of the input; 0: none */
    mf_tally **tallies;    /* one a listener, or NULL */
    bool keep;             /* whether a reference to the final data is wanted */
    uint64_t wanted;       /* bit i: field i is read back; those from 64 on always are */
    uint64_t unchangeable; /* bit i: field i may be answered with MF_TAG_SAME; set by C */
    int64_t cpu_ns;        /* processor time that the listeners may take together, without waits; 0: any */
    bool overran;          /* they took more, and were stopped by an error */
    /* the call under way */
    uint64_t begun, paused; /* when it began, if it is timed; how long it has waited */
    /* what came of it */
    int32_t listener; /* the listener that ran last, from 0 */
    bool bad_value;   /* it returned something that cannot replace the data */
    int32_t bad_type; /* the Lua type of that */
    bool aborted;     /* it returned false, in MF_EMIT_ASYNC */
    bool outcome_is_data;
    bool has_outcome; /* the outcome is on the wire, first */
    bool has_data;    /* a reference to the final data is on the wire, next */
    bool has_fields;  /* some field has changed: all are on the wire, last */
} mf_emission;

/* Results on the wire: what the emission says there is. */
int32_t mf_emit(mf_state *s, mf_emission *emission, mf_span *results);
/* As a task. What came of it is in `*emission` after the call that ends it. */
int32_t mf_task_emit(mf_state *s, mf_emission *emission, mf_task **task, mf_span *results);

/* Counts from now on how often each line of a file runs, in the table of a slot: by file, then by line. For a state that
 * runs nothing yet. The slot has to stay. */
void mf_count_lines(mf_state *s, int32_t table);

/* Notes that the listener which waits in a task has waited for some nanoseconds. */
void mf_task_waited(mf_task *task, uint64_t nanoseconds);

/* Goes on with a task of either kind; reply: MF_REPLY_VALUES or MF_REPLY_ERROR, with the values in mf_input(). */
int32_t mf_task_resume(mf_task *task, int32_t reply, mf_emission *emission, mf_span *results);
#endif
