/* A state: its memory, its birth and its end. */

#include "guarded.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(MF_GLOBALS_SLOT == LUA_RIDX_GLOBALS, "the globals' place in the registry");
_Static_assert(LUA_EXTRASPACE >= sizeof(uintptr_t), "a thread's extra space holds its state");

/* ---- Memory ---- */

static bool injected_fault(mf_fault *f) {
    uint64_t number = ++f->count;
    if (f->fail_from == 0 || number < f->fail_from || number - f->fail_from >= f->fail_run) return false;
    f->failed++;
    return true;
}

void *mf_realloc(mf_state *s, void *block, size_t old_size, size_t new_size) {
    mf_fault *fault = s->fault;
    if (new_size == 0) {
        if (fault && block) fault->live -= (int64_t)old_size;
        s->outside++;
        free(block);
        s->outside--;
        return NULL;
    }
    if (fault && new_size > old_size && injected_fault(fault)) return NULL;
    s->outside++;
    void *moved = block ? realloc(block, new_size) : malloc(new_size);
    s->outside--;
    if (fault && moved) fault->live += (int64_t)new_size - (int64_t)old_size;
    return moved;
}

/* ---- Blocks of a tenant's state: linked, for the case that it is abandoned ---- */

_Static_assert(sizeof(mf_block) % _Alignof(max_align_t) == 0, "a block is aligned as malloc's are");

static void unlink_block(mf_state *s, mf_block *b) {
    if (b->previous)
        b->previous->next = b->next;
    else
        s->blocks = b->next;
    if (b->next) b->next->previous = b->previous;
}

static void link_block(mf_state *s, mf_block *b) {
    *b = (mf_block){s->blocks, NULL};
    if (b->next) b->next->previous = b;
    s->blocks = b;
}

static void *linked_realloc(mf_state *s, void *block, size_t new_size) {
    mf_block *b = block ? (mf_block *)block - 1 : NULL;
    void *moved = NULL;
    s->outside++;
    atomic_signal_fence(memory_order_seq_cst); /* the list changes only between these: a signal may abandon the state */
    if (b) unlink_block(s, b);
    if (new_size == 0) {
        free(b);
    } else {
        mf_block *next = realloc(b, sizeof *b + new_size);
        if (next) moved = next + 1;
        if (next || b) link_block(s, next ? next : b);
    }
    atomic_signal_fence(memory_order_seq_cst);
    s->outside--;
    return moved;
}

static void free_blocks(mf_state *s) {
    for (mf_block *b = s->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    s->blocks = NULL;
}

static void *change_block(mf_state *s, void *block, size_t old_size, size_t new_size) {
    if (!s->tracked) return mf_realloc(s, block, old_size, new_size);
    mf_fault *fault = s->fault;
    if (fault && new_size > old_size && injected_fault(fault)) return NULL;
    void *moved = linked_realloc(s, block, new_size);
    if (!fault) return moved;
    if (new_size == 0 && block) fault->live -= (int64_t)(old_size + sizeof(mf_block));
    if (moved) fault->live += (int64_t)new_size - (int64_t)old_size + (block ? 0 : (int64_t)sizeof(mf_block));
    return moved;
}

/* What a host's state needs of its allocator. */
static void *count_and_realloc(mf_state *s, void *block, size_t old_size, size_t new_size) {
    if (!block) old_size = 0;
    if (new_size == 0) {
        free(block);
        s->used -= old_size;
        return NULL;
    }
    void *moved = realloc(block, new_size);
    if (!moved) return new_size <= old_size ? block : NULL;
    s->used += new_size - old_size;
    if (s->used > s->peak) s->peak = s->used;
    return moved;
}

/* Lua's allocator. The cap is soft: a failing allocation in the middle of a table store is a use after free in some
 * releases of Lua 5.4, so a state over its cap goes on within the margin, terminated, until it can be stopped. */
static void *allocate(void *ud, void *block, size_t old_size, size_t new_size) {
    mf_state *s = ud;
    if (!s->tracked && !s->cap && !s->fault) return count_and_realloc(s, block, old_size, new_size);
    /* A string or a userdata that would be far too large can be refused: Lua makes it before it changes anything. */
    bool is_whole = !block && (old_size == LUA_TSTRING || old_size == LUA_TUSERDATA);
    if (!block) old_size = 0; /* it told the kind of object */
    size_t head = s->tracked ? sizeof(mf_block) : 0;
    if (new_size == 0) {
        if (block) s->used -= old_size + head;
        return change_block(s, block, old_size, 0);
    }
    if (new_size > old_size && s->cap) {
        size_t wanted = s->used - old_size + new_size;
        if (wanted > s->cap) {
            if (!s->limits || wanted > s->cap + s->margin)
                mf_set_violation(s, MF_VIOLATION_MEMORY);
            else
                guard_over_cap(s);
            if (wanted > s->cap + s->margin && (is_whole || !s->limits || wanted > guard_hard_cap(s))) return NULL;
        }
    }
    void *moved = change_block(s, block, old_size, new_size);
    if (!moved) return new_size <= old_size ? block : NULL; /* Lua relies on shrinking */
    s->used += new_size - old_size + (block ? 0 : head);
    if (s->used > s->peak) s->peak = s->used;
    return moved;
}

size_t mf_memory_used(const mf_state *s) { return s->used; }
size_t mf_memory_peak(const mf_state *s) { return s->peak; }

/* The next allocation beyond the cap collects what holds them; far beyond it there is none to wait for. */
void mf_charge(mf_state *s, int64_t bytes) {
    s->used = (size_t)((int64_t)s->used + bytes);
    if (s->used > s->peak) s->peak = s->used;
    if (s->cap && s->used > s->cap + s->margin) mf_set_violation(s, MF_VIOLATION_MEMORY);
}

void mf_memory_limit(mf_state *s, size_t cap, size_t margin) {
    s->cap = cap;
    s->margin = margin;
}

/* ---- Limit violations ---- */

void mf_set_violation(mf_state *s, int32_t reason) {
    if (s->violation) return;
    s->violation = reason;
    if (s->on_violation) s->on_violation(s);
}

int32_t mf_violation(const mf_state *s) { return s->violation; }

/* ---- Birth ---- */

static int panic(lua_State *L) {
    const char *message = lua_tostring(L, -1);
    fprintf(stderr, "unprotected Lua error: %s: this is a bug, please file an issue\n", message ? message : "?");
    abort();
}

/* `warn` as lua5.4 does it: off until warn("@on"). */
static void warning(void *ud, const char *message, int to_be_continued) {
    mf_state *s = ud;
    if (!s->warning_continues && !to_be_continued && message[0] == '@') {
        if (strcmp(message, "@on") == 0) s->warnings = true;
        if (strcmp(message, "@off") == 0) s->warnings = false;
        return;
    }
    if (s->warnings) {
        if (!s->warning_continues) fputs("Lua warning: ", stderr);
        fputs(message, stderr);
        if (!to_be_continued) fputc('\n', stderr);
    }
    s->warning_continues = to_be_continued;
}

/* [-0, +0, m] the registry's tables; lua_CFunction */
static int set_up(lua_State *L) {
    mf_state *s = mf_state_of(L);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    s->views = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    s->empty_lists = luaL_ref(L, LUA_REGISTRYINDEX);
    mf_make_callable_metatable(L, s);
    return 0;
}

mf_state *mf_state_new(const mf_host *functions, void *host, bool is_tenant, mf_fault *fault) {
    if (fault && injected_fault(fault)) return NULL;
    mf_state *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->fault = fault;
    s->tracked = is_tenant;
    if (fault) fault->live += (int64_t)sizeof *s;
    s->functions = *functions;
    s->host = host;
    s->main = lua_newstate(allocate, s);
    if (!s->main) {
        mf_state_free(s);
        return NULL;
    }
    s->running = s->main;
    *(uintptr_t *)lua_getextraspace(s->main) = (uintptr_t)s;
    lua_atpanic(s->main, panic);
    lua_setwarnf(s->main, warning, s);
    if (mf_protect(s, set_up, NULL) != MF_OK) {
        mf_state_free(s);
        return NULL;
    }
    return s;
}

/* [-0, +0, e] lua_CFunction; 1: bool, whether LUA_PATH and LUA_CPATH are passed over */
static int open_libraries(lua_State *L) {
    bool *ignores_paths = lua_touserdata(L, 1);
    if (*ignores_paths) {
        /* what lua5.4 -E sets, and the library `package` looks for */
        lua_pushboolean(L, 1);
        lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    }
    luaL_openlibs(L);
    mf_replace_coroutine_library(L);
    return 0;
}

int32_t mf_open_host_libraries(mf_state *s, bool ignores_paths) {
    return mf_protect(s, open_libraries, &ignores_paths);
}

uintptr_t mf_globals_identity(mf_state *s) {
    lua_State *L = s->running;
    if (!lua_checkstack(L, 1)) return 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    uintptr_t identity = (uintptr_t)lua_topointer(L, -1);
    lua_pop(L, 1);
    return identity;
}

/* [-0, +0, -] lua_CFunction; protected as finalizers may call Swift */
static int collect(lua_State *L) {
    lua_gc(L, LUA_GCCOLLECT);
    return 0;
}

int32_t mf_collect(mf_state *s) { return mf_protect(s, collect, NULL); }

/* ---- End ---- */

enum { TRIM_SIZE = 4 << 20 };

bool mf_state_busy(const mf_state *s) { return s->nest > 0; }
void mf_state_closing(mf_state *s) { s->closing = true; }

void mf_state_free(mf_state *s) {
    s->closing = true; /* no callback reaches Swift from here on, so what Lua holds of it can go */
    mf_release_all_objects(s);
    if (s->abandoned)
        free_blocks(s);
    else if (s->main)
        lua_close(s->main);
    mf_free_tasks(s);
    if (s->free_limits) s->free_limits(s);
    for (int level = 0; level < MF_MAX_LEVELS; level++) {
        if (!s->levels[level]) continue;
        mf_buffer_free(s, &s->levels[level]->input);
        mf_buffer_free(s, &s->levels[level]->output);
        mf_realloc(s, s->levels[level], sizeof(mf_level), 0);
    }
    mf_buffer_free(s, &s->traceback);
    if (s->fault) s->fault->live -= (int64_t)sizeof *s;
    /* What a tenant took comes back to the system: malloc would keep it for whatever is as large. */
    bool was_large = s->tracked && s->peak > TRIM_SIZE;
    free(s);
    if (was_large) malloc_trim(0);
}

/* [-0, +0, -] the identity of the `_ENV` of the function on top of the stack; 0 without one */
static uint64_t environment_of(lua_State *L) {
    for (int n = 1;; n++) {
        const char *name = lua_getupvalue(L, -1, n);
        if (!name) return 0;
        uint64_t identity = strcmp(name, "_ENV") == 0 ? (uint64_t)(uintptr_t)lua_topointer(L, -1) : 0;
        lua_pop(L, 1);
        if (identity) return identity;
    }
}

/* [-0, +0, -] */
bool mf_is_calling(mf_state *s, uint64_t function, bool waiting) {
    enum { LEVELS = 32 };
    if (waiting && !s->tasks) return false;
    lua_State *L = waiting ? s->tasks->thread : s->running;
    lua_Debug frame;
    if (!lua_checkstack(L, 1)) return false;
    for (int level = 0; level < LEVELS && lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "f", &frame);
        bool is_it = (uint64_t)(uintptr_t)lua_topointer(L, -1) == function;
        lua_pop(L, 1);
        if (is_it) return true;
    }
    return false;
}

/* [-0, +0, -] */
const char *mf_caller(mf_state *s, bool waiting, int32_t *line, uint64_t *environment) {
    if (waiting && !s->tasks) return NULL;
    lua_State *L = waiting ? s->tasks->thread : s->running;
    lua_Debug frame;
    if (!lua_checkstack(L, 4)) return NULL;
    for (int level = 0; lua_getstack(L, level, &frame); level++) {
        lua_getinfo(L, "S", &frame);
        if (*frame.what == 'C') continue;
        lua_getinfo(L, "lf", &frame);
        *line = frame.currentline;
        *environment = environment_of(L);
        lua_pop(L, 1);
        return frame.source;
    }
    return NULL;
}
