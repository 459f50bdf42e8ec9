/* Values to and from the wire. */

#include "guarded.h"

#include <stdio.h>
#include <string.h>

/* ---- Wire to Lua ---- */

mf_reader mf_read_input(mf_state *s, int32_t level) {
    const mf_buffer *b = &s->levels[level]->input;
    return (mf_reader){b->bytes, b->bytes + b->count};
}

#define TAKE(reader, type, name)                                                                                       \
    type name;                                                                                                         \
    memcpy(&name, (reader)->at, sizeof name);                                                                          \
    (reader)->at += sizeof name

/* [-0, +0, m] remembers that the empty table on the top is a list */
static void note_empty_list(lua_State *L, mf_state *s) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->empty_lists);
    lua_pushvalue(L, -2);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

/* [-0, +0, -] whether the table at an index came as an empty list */
static bool was_empty_list(lua_State *L, const mf_state *s, int index) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->empty_lists);
    lua_pushvalue(L, index);
    bool found = lua_rawget(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
    return found;
}

/* [-0, +1, e] */
static void decode(lua_State *L, mf_state *s, mf_reader *r, int depth) {
    switch (*r->at++) {
    case MF_TAG_NIL: lua_pushnil(L); return;
    case MF_TAG_FALSE: lua_pushboolean(L, 0); return;
    case MF_TAG_TRUE: lua_pushboolean(L, 1); return;
    case MF_TAG_INTEGER: {
        TAKE(r, int64_t, integer);
        lua_pushinteger(L, integer);
        return;
    }
    case MF_TAG_NUMBER: {
        TAKE(r, double, number);
        lua_pushnumber(L, number);
        return;
    }
    case MF_TAG_STRING: {
        TAKE(r, uint32_t, count);
        lua_pushlstring(L, (const char *)r->at, count);
        r->at += count;
        return;
    }
    case MF_TAG_NULL: lua_pushlightuserdata(L, NULL); return;
    case MF_TAG_TABLE:
    case MF_TAG_FUNCTION:
    case MF_TAG_USERDATA: {
        TAKE(r, int32_t, slot);
        r->at += sizeof(uint64_t);
        lua_rawgeti(L, LUA_REGISTRYINDEX, slot);
        return;
    }
    case MF_TAG_OBJECT: {
        void *words[2];
        memcpy(words, r->at, sizeof words);
        r->at += sizeof words;
        mf_push_view(L, s, words);
        return;
    }
    case MF_TAG_CALLABLE: {
        TAKE(r, void *, callable);
        bool is_async = *r->at++;
        mf_push_callable(L, s, callable, is_async);
        return;
    }
    case MF_TAG_ARRAY: {
        TAKE(r, uint32_t, count);
        if (depth <= 0) mf_refuse(L, s, MF_REFUSE_DEPTH, NULL);
        luaL_checkstack(L, 8, NULL);
        lua_createtable(L, count <= INT32_MAX ? (int)count : 0, 0);
        if (count == 0) note_empty_list(L, s);
        for (uint32_t i = 1; i <= count; i++) {
            decode(L, s, r, depth - 1);
            lua_rawseti(L, -2, i);
        }
        return;
    }
    case MF_TAG_RECORD: {
        TAKE(r, uint32_t, count);
        if (depth <= 0) mf_refuse(L, s, MF_REFUSE_DEPTH, NULL);
        luaL_checkstack(L, 8, NULL);
        lua_createtable(L, 0, count <= INT32_MAX ? (int)count : 0);
        for (uint32_t i = 0; i < count; i++) {
            decode(L, s, r, 0);
            decode(L, s, r, depth - 1);
            if (lua_isnil(L, -2))
                lua_pop(L, 2);
            else
                lua_rawset(L, -3);
        }
        return;
    }
    default: luaL_error(L, "unknown tag on the wire: this is a bug, please file an issue");
    }
}

void mf_decode(lua_State *L, mf_state *s, mf_reader *r) { decode(L, s, r, MF_MAX_DEPTH); }

/* ---- Lua to wire, by reference ---- */

/* [-0, +0, m] room for so many bytes */
static uint8_t *room(lua_State *L, mf_state *s, mf_buffer *b, size_t count) {
    guard_check_message(L, s, b->count + count);
    if (!mf_buffer_room(s, b, count)) luaL_error(L, "not enough memory");
    uint8_t *target = b->bytes + b->count;
    b->count += count;
    return target;
}

static void put(lua_State *L, mf_state *s, mf_buffer *b, uint8_t tag, const void *payload, size_t count) {
    uint8_t *target = room(L, s, b, 1 + count);
    *target = tag;
    memcpy(target + 1, payload, count);
}

/* Whether bytes are valid UTF-8, as Swift has it: shortest forms, no surrogates, up to U+10FFFF. */
static bool is_utf8(const uint8_t *at, size_t count) {
    const uint8_t *end = at + count;
    while (at < end) {
        if (end - at >= 8) {
            uint64_t eight;
            memcpy(&eight, at, 8);
            if (!(eight & 0x8080808080808080u)) {
                at += 8;
                continue;
            }
        }
        uint8_t first = *at++;
        if (first < 0x80) continue;
        int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        if (first < 0xC2 || first > 0xF4 || end - at < more) return false;
        uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        if (*at < low || *at > high) return false;
        for (at++; --more > 0; at++)
            if ((*at & 0xC0) != 0x80) return false;
    }
    return true;
}

void mf_encode_nil(lua_State *L, mf_state *s, mf_buffer *b) { *room(L, s, b, 1) = MF_TAG_NIL; }

void mf_encode_string(lua_State *L, mf_state *s, mf_buffer *b, const char *bytes, size_t count) {
    if (count > UINT32_MAX) luaL_error(L, "the string is longer than 4 GiB");
    uint32_t length = (uint32_t)count;
    uint8_t *target = room(L, s, b, 5 + count);
    *target = is_utf8((const uint8_t *)bytes, count) ? MF_TAG_STRING : MF_TAG_BYTES;
    memcpy(target + 1, &length, 4);
    memcpy(target + 5, bytes, count);
}

/* [-0, +0, m] a slot in the registry for the value */
static void put_reference(lua_State *L, mf_state *s, mf_buffer *b, uint8_t tag, int index) {
    luaL_checkstack(L, 3, NULL);
    /* What Swift makes of a function takes more than the few bytes here. */
    if (tag == MF_TAG_FUNCTION) guard_check_message(L, s, b->count + (size_t)++b->functions * MF_FUNCTION_SIZE);
    uint64_t identity = (uint64_t)(uintptr_t)lua_topointer(L, index);
    uint8_t *target = room(L, s, b, 13);
    b->count -= 13; /* not there until the slot is */
    lua_pushvalue(L, index);
    int32_t slot = luaL_ref(L, LUA_REGISTRYINDEX);
    b->count += 13;
    target[0] = tag;
    memcpy(target + 1, &slot, 4);
    memcpy(target + 5, &identity, 8);
}

void mf_encode(lua_State *L, mf_state *s, mf_buffer *b, int index) {
    switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNONE: *room(L, s, b, 1) = MF_TAG_NIL; return;
    case LUA_TBOOLEAN: *room(L, s, b, 1) = lua_toboolean(L, index) ? MF_TAG_TRUE : MF_TAG_FALSE; return;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            int64_t integer = lua_tointeger(L, index);
            put(L, s, b, MF_TAG_INTEGER, &integer, sizeof integer);
        } else {
            double number = lua_tonumber(L, index);
            put(L, s, b, MF_TAG_NUMBER, &number, sizeof number);
        }
        return;
    case LUA_TSTRING: {
        size_t count;
        const char *bytes = lua_tolstring(L, index, &count);
        mf_encode_string(L, s, b, bytes, count);
        return;
    }
    case LUA_TTABLE: put_reference(L, s, b, MF_TAG_TABLE, index); return;
    case LUA_TFUNCTION: put_reference(L, s, b, MF_TAG_FUNCTION, index); return;
    case LUA_TTHREAD: put_reference(L, s, b, MF_TAG_THREAD, index); return;
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, index))
            *room(L, s, b, 1) = MF_TAG_NULL;
        else
            put_reference(L, s, b, MF_TAG_USERDATA, index);
        return;
    default: {
        mf_view *view = mf_to_view(L, index);
        if (view)
            put(L, s, b, MF_TAG_OBJECT, view->words, sizeof view->words);
        else
            put_reference(L, s, b, MF_TAG_USERDATA, index);
    }
    }
}

/* ---- Lua to wire, as a copy ---- */

/* A table on the way to the value being copied: for cycles, and for the path. */
typedef struct frame {
    const struct frame *outer;
    const void *table;
    int key; /* stack index of the key being copied */
} frame;

typedef struct {
    mf_state *state;
    mf_buffer *buffer;
    const frame *innermost;
    const char *problem;
    bool has_path; /* the path is told apart from the sentence */
    int depth;
} copier;

/* [-0, +0, m] adds the steps from the outermost table to the value that a frame is at: `a.b[3]` */
static void add_steps(lua_State *L, luaL_Buffer *path, const frame *f) {
    if (!f) return;
    add_steps(L, path, f->outer);
    if (lua_type(L, f->key) == LUA_TSTRING) {
        size_t count;
        const char *name = lua_tolstring(L, f->key, &count);
        if (f->outer) luaL_addchar(path, '.');
        luaL_addlstring(path, name, count);
    } else {
        char text[32];
        snprintf(text, sizeof text, "[%lld]", (long long)lua_tointeger(L, f->key));
        luaL_addstring(path, text);
    }
}

/* [-0, +1, m] notes the problem and leaves the path on the top, while the frames are there to tell it; answers false */
static bool fail(lua_State *L, copier *c, const char *problem, bool has_path) {
    luaL_Buffer path;
    luaL_checkstack(L, 10, NULL);
    luaL_buffinit(L, &path);
    add_steps(L, &path, c->innermost);
    luaL_pushresult(&path);
    c->problem = problem;
    c->has_path = has_path;
    return false;
}

/* [-0, +0, m] whether the table at an index is a list: its keys are exactly 1 ... n, n > 0 */
static bool is_list(lua_State *L, int index, uint32_t *count) {
    lua_Unsigned length = lua_rawlen(L, index);
    if (length == 0 || length > UINT32_MAX) return false;
    lua_Unsigned found = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (!lua_isinteger(L, -1) || (lua_Unsigned)lua_tointeger(L, -1) - 1 >= length) {
            lua_pop(L, 1);
            return false;
        }
        found++;
    }
    if (found != length) return false;
    *count = (uint32_t)length;
    return true;
}

/* [-0, +0, m] false: it failed, and the path is on the top */
static bool copy(lua_State *L, copier *c, int index);

static bool copy_table(lua_State *L, copier *c, int index) {
    frame here = {c->innermost, lua_topointer(L, index), 0};
    int depth = 1;
    for (const frame *f = c->innermost; f; f = f->outer, depth++)
        if (f->table == here.table) return fail(L, c, "the table contains itself", true);
    if (depth > c->depth) return fail(L, c, "the value is nested too deeply", true);
    luaL_checkstack(L, 8, NULL);
    c->innermost = &here;
    uint32_t count = 0;
    if (is_list(L, index, &count)) {
        put(L, c->state, c->buffer, MF_TAG_ARRAY, &count, sizeof count);
        for (uint32_t i = 1; i <= count; i++) {
            lua_pushinteger(L, i);
            here.key = lua_gettop(L);
            lua_rawgeti(L, index, i);
            if (!copy(L, c, here.key + 1)) return false;
            lua_pop(L, 2);
        }
    } else {
        put(L, c->state, c->buffer, MF_TAG_RECORD, &count, sizeof count);
        size_t at = c->buffer->count - sizeof count;
        lua_pushnil(L);
        while (lua_next(L, index)) {
            here.key = lua_gettop(L) - 1;
            if (lua_type(L, here.key) != LUA_TSTRING && !lua_isinteger(L, here.key)) {
                c->innermost = here.outer;
                return fail(L, c, "a key is neither string nor integer", false);
            }
            mf_encode(L, c->state, c->buffer, here.key);
            if (!copy(L, c, here.key + 1)) return false;
            lua_pop(L, 1);
            count++;
        }
        memcpy(c->buffer->bytes + at, &count, sizeof count);
        if (count == 0 && was_empty_list(L, c->state, index)) c->buffer->bytes[at - 1] = MF_TAG_ARRAY;
    }
    c->innermost = here.outer;
    return true;
}

static bool copy(lua_State *L, copier *c, int index) {
    if (lua_type(L, index) == LUA_TTABLE) return copy_table(L, c, index);
    mf_encode(L, c->state, c->buffer, index);
    return true;
}

int32_t mf_encode_copy(lua_State *L, mf_state *s, mf_buffer *b, int index, int depth) {
    copier c = {s, b, NULL, NULL, false, depth < MF_MAX_DEPTH ? depth : MF_MAX_DEPTH};
    int top = lua_gettop(L);
    size_t start = b->count;
    if (copy(L, &c, lua_absindex(L, index))) return MF_OK;
    b->count = start;
    mf_encode_nil(L, s, b);
    if (!c.has_path && lua_rawlen(L, -1) > 0)
        lua_pushfstring(L, "%s in `%s`", c.problem, lua_tostring(L, -1));
    else
        lua_pushstring(L, c.problem);
    mf_encode(L, s, b, -1);
    if (c.has_path)
        mf_encode(L, s, b, -2);
    else
        mf_encode_nil(L, s, b);
    mf_encode_nil(L, s, b);
    lua_settop(L, top);
    return MF_CONVERSION;
}
