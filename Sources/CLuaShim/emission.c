/* The listeners of a hook, called in one go: in one protected call, or in one coroutine in which each may wait. */

#include "guarded.h"

#include <string.h>
#include <time.h>

/* The stack of an emission. From AT_FIELDS on there are the values that were put into the data table and are to be read
 * back. */
enum { AT_EMISSION = 1, AT_LISTENERS, AT_KEYS, AT_DATA, AT_OUTCOME, AT_FIELDS };

/* Whether a field is to be read back. */
static bool is_wanted(const mf_emission *e, int32_t i) { return i >= 64 || (e->wanted >> i & 1); }

/* [-0, +0, e] the table of an earlier emission is the data; what it has now is what changes are told against */
static void take_data(lua_State *L, mf_emission *e) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->listeners);
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->shape);
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->data);
    lua_pushnil(L);
    e->unchangeable = 0;
    lua_settop(L, AT_FIELDS - 1 + e->field_count);
    for (int32_t i = 0; i < e->field_count; i++) {
        if (!is_wanted(e, i)) continue;
        lua_rawgeti(L, AT_KEYS, i + 1);
        lua_rawget(L, AT_DATA);
        if (i < 64 && !lua_istable(L, -1) && !lua_isfunction(L, -1)) e->unchangeable |= (uint64_t)1 << i;
        lua_replace(L, AT_FIELDS + i);
    }
}

/* [-0, +0, m] reads the data from the input; a table of the shape is made here */
static void read_data(lua_State *L, mf_state *s, mf_emission *e) {
    if (e->data) {
        take_data(L, e);
        return;
    }
    mf_reader r = mf_read_input(s, s->entry);
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->listeners);
    if (e->shape == 0) {
        lua_pushnil(L);
        mf_decode(L, s, &r);
        lua_pushnil(L);
        return;
    }
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->shape);
    lua_createtable(L, 0, e->field_count);
    lua_pushnil(L);
    e->unchangeable = 0;
    lua_settop(L, AT_FIELDS - 1 + e->field_count);
    for (int32_t i = 0; i < e->field_count; i++) {
        uint8_t tag = *r.at;
        lua_rawgeti(L, AT_KEYS, i + 1);
        mf_decode(L, s, &r);
        /* Trees and functions of Swift become Lua values here: they are read back as references to those. */
        if (i < 64 && tag != MF_TAG_ARRAY && tag != MF_TAG_RECORD && tag != MF_TAG_CALLABLE) {
            e->unchangeable |= (uint64_t)1 << i;
        }
        if (is_wanted(e, i)) lua_copy(L, -1, AT_FIELDS + i);
        if (tag == MF_TAG_NIL)
            lua_pop(L, 2);
        else
            lua_rawset(L, AT_DATA);
    }
}

/* [-0, +0, e] writes all fields, from the one at `first` on that has changed */
static void write_fields(lua_State *L, mf_state *s, mf_emission *e, int32_t first) {
    size_t same = (size_t)first;
    mf_buffer *b = &s->levels[s->entry]->output;
    if (!mf_buffer_room(s, b, same)) luaL_error(L, "not enough memory");
    memset(b->bytes + b->count, MF_TAG_SAME, same);
    b->count += same;
    e->has_fields = true;
    for (int32_t i = first; i < e->field_count; i++) {
        bool same = !is_wanted(e, i);
        if (!same) {
            lua_rawgeti(L, AT_KEYS, i + 1);
            lua_gettable(L, AT_DATA);
            same = i < 64 && e->unchangeable >> i & 1 && lua_rawequal(L, -1, AT_FIELDS + i);
            if (!same) mf_encode(L, s, b, -1);
            lua_pop(L, 1);
        }
        if (same) {
            if (!mf_buffer_room(s, b, 1)) luaL_error(L, "not enough memory");
            b->bytes[b->count++] = MF_TAG_SAME;
        }
    }
}

/* [-0, +0, e] the first field that has changed, or their number */
static int32_t first_changed(lua_State *L, const mf_emission *e) {
    for (int32_t i = 0; i < e->field_count; i++) {
        if (!is_wanted(e, i)) continue;
        lua_rawgeti(L, AT_KEYS, i + 1);
        lua_gettable(L, AT_DATA);
        bool same = i < 64 && e->unchangeable >> i & 1 && lua_rawequal(L, -1, AT_FIELDS + i);
        lua_pop(L, 1);
        if (!same) return i;
    }
    return e->field_count;
}

/* [-0, +0, e] writes what came of it into the output of the call under way */
static int write_results(lua_State *L, mf_state *s, mf_emission *e) {
    mf_buffer *b = mf_fresh_output(s, s->entry);
    bool hands_data = e->kind >= MF_EMIT_SYNC_WATERFALL && e->shape == 0;
    if (hands_data || e->has_outcome) {
        mf_encode(L, s, b, hands_data ? AT_DATA : AT_OUTCOME);
        e->has_outcome = true;
    }
    if (e->keep && lua_istable(L, AT_DATA)) {
        mf_encode(L, s, b, AT_DATA);
        e->has_data = true;
    }
    /* Mostly nothing has changed, and nothing of the fields has to cross. */
    int32_t changed = first_changed(L, e);
    if (changed < e->field_count) write_fields(L, s, e, changed);
    return 0;
}

/* [-0, +0, e] whether the table or view on the top has a value for every key of the data */
static bool has_every_key(lua_State *L) {
    if (!lua_istable(L, AT_DATA)) return true;
    int result = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, AT_DATA)) {
        guard_step(L);
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        int type = lua_gettable(L, result);
        lua_pop(L, 1);
        if (type == LUA_TNIL) {
            lua_pop(L, 1);
            return false;
        }
    }
    return true;
}

/* [-1, +0, e] takes a listener's result that is not nil; false: no further listener is called */
static bool take_result(lua_State *L, mf_emission *e) {
    bool is_data = lua_rawequal(L, -1, AT_DATA);
    if (e->kind == MF_EMIT_SYNC) {
        e->outcome_is_data = is_data;
        e->has_outcome = true;
        lua_replace(L, AT_OUTCOME);
        return true;
    }
    if (is_data) {
        lua_pop(L, 1);
        return true;
    }
    if (e->kind == MF_EMIT_ASYNC) {
        e->aborted = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
        e->has_outcome = true;
        lua_replace(L, AT_OUTCOME);
        return !e->aborted;
    }
    if ((lua_istable(L, -1) || mf_to_view(L, -1)) && has_every_key(L)) {
        lua_replace(L, AT_DATA);
        return true;
    }
    e->bad_value = true;
    e->bad_type = lua_type(L, -1);
    lua_pop(L, 1);
    return false;
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* Calls are always counted, and few are timed. */
static void count_call(mf_emission *e) {
    mf_tally *tally = e->tallies[e->listener];
    e->begun = tally->calls % MF_TIMED_EVERY ? 0 : now();
    e->paused = 0;
    tally->calls++;
}

static void count_return(mf_emission *e, bool is_noop) {
    mf_tally *tally = e->tallies[e->listener];
    tally->noops += is_noop;
    if (!e->begun) return;
    uint64_t whole = now() - e->begun, spent = whole > e->paused ? whole - e->paused : 0;
    tally->timed++;
    tally->spent += spent;
    if (spent > tally->longest) tally->longest = spent;
}

void mf_task_waited(mf_task *task, uint64_t nanoseconds) {
    mf_emission *e = &task->emission;
    if (task->kind != MF_TASK_EMIT || !e->tallies) return;
    e->paused += nanoseconds;
    e->tallies[e->listener]->waited += nanoseconds;
}

/* [-1, +0, e] the same for any result */
static bool take(lua_State *L, mf_emission *e) {
    bool is_nothing = lua_isnil(L, -1);
    if (e->tallies) count_return(e, is_nothing);
    if (!is_nothing) return take_result(L, e);
    lua_pop(L, 1);
    return true;
}

static int call_listeners(lua_State *L, mf_emission *e, int32_t index);

/* After a listener that waited. */
static int listened(lua_State *L, int status, lua_KContext index) {
    mf_emission *e = lua_touserdata(L, AT_EMISSION);
    (void)status;
    if (take(L, e)) return call_listeners(L, e, (int32_t)index + 1);
    return write_results(L, mf_state_of(L), e);
}

/* [-0, +0, e] */
static int call_listeners(lua_State *L, mf_emission *e, int32_t index) {
    for (; index < e->listener_count; index++) {
        e->listener = index;
        if (e->tallies) count_call(e);
        lua_rawgeti(L, AT_LISTENERS, index + 1);
        lua_pushvalue(L, AT_DATA);
        lua_callk(L, 1, 1, index, listened);
        if (!take(L, e)) break;
    }
    return write_results(L, mf_state_of(L), e);
}

int mf_emission_body(lua_State *L) {
    mf_emission *e = lua_touserdata(L, AT_EMISSION);
    e->listener = 0;
    e->bad_value = e->aborted = e->outcome_is_data = false;
    e->has_outcome = e->has_data = e->has_fields = false;
    int32_t needed = AT_FIELDS + e->field_count + 8;
    if (needed > LUA_MINSTACK) luaL_checkstack(L, needed, "too many fields");
    read_data(L, mf_state_of(L), e);
    return call_listeners(L, e, 0);
}
