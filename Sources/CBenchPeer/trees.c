#include <stdlib.h>
#include <string.h>

#include "peer.h"

/*
 * The tree: a table with a list of records of four fields each, as `mflua-bench` builds it with the bridge:
 * { items = { { name = "expose", id = 1, ok = true }, … } }, where every table and every leaf counts as a node.
 */
enum { NODES_PER_RECORD = 4, NODES_ABOVE = 2 };

typedef struct {
    const char *name;
    size_t length;
    lua_Integer id;
    int ok;
} record;

static int record_count(int nodes) {
    int count = (nodes - NODES_ABOVE) / NODES_PER_RECORD;
    return count < 0 ? 0 : count;
}

/* [-0, +1] */
static void push_tree(lua_State *L, const record *records, int count) {
    lua_createtable(L, 0, 1);
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        lua_createtable(L, 0, 3);
        lua_pushlstring(L, records[i].name, records[i].length);
        lua_setfield(L, -2, "name");
        lua_pushinteger(L, records[i].id);
        lua_setfield(L, -2, "id");
        lua_pushboolean(L, records[i].ok);
        lua_setfield(L, -2, "ok");
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "items");
}

/* What code that does not know the shape makes of a tree: a copy of its own, keys and all. */
typedef struct value {
    int type;
    union {
        lua_Integer integer;
        char *text;
        struct {
            struct value *pairs; /* keys and values in turn */
            size_t count;
        };
    };
} value;

static value copy_of(lua_State *L, int index);

/* [-0, +0, m] */
static value copy_table(lua_State *L, int index) {
    value table = {.type = LUA_TTABLE};
    size_t room = 0;
    luaL_checkstack(L, 4, NULL);
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        if (table.count == room) {
            room = room ? room * 2 : 4;
            table.pairs = realloc(table.pairs, room * 2 * sizeof(value));
            if (table.pairs == NULL) abort();
        }
        int top = lua_gettop(L);
        table.pairs[2 * table.count] = copy_of(L, top - 1);
        table.pairs[2 * table.count + 1] = copy_of(L, top);
        table.count++;
        lua_pop(L, 1);
    }
    return table;
}

/* [-0, +0, m] */
static value copy_of(lua_State *L, int index) {
    value copy = {.type = lua_type(L, index)};
    size_t length;
    switch (copy.type) {
    case LUA_TTABLE: return copy_table(L, index);
    case LUA_TSTRING: {
        const char *text = lua_tolstring(L, index, &length);
        copy.text = malloc(length + 1);
        if (copy.text == NULL) abort();
        memcpy(copy.text, text, length + 1);
        return copy;
    }
    case LUA_TNUMBER: copy.integer = lua_tointegerx(L, index, NULL); return copy;
    default: copy.integer = lua_toboolean(L, index); return copy;
    }
}

static void free_value(value *v) {
    if (v->type == LUA_TSTRING) free(v->text);
    if (v->type != LUA_TTABLE) return;
    for (size_t i = 0; i < 2 * v->count; i++) free_value(&v->pairs[i]);
    free(v->pairs);
}

static record *make_records(int count) {
    record *records = malloc(sizeof *records * (size_t)(count + 1));
    if (records == NULL) return NULL;
    for (int i = 0; i < count; i++) records[i] = (record){"./components/button", 19, i + 1, 1};
    return records;
}

/* What the functions below work on. Both run under lua_pcall, as all must that may raise. */
typedef struct {
    const record *records;
    int count;
    int ref;
    value tree;
} job;

/* [-0, +0, m] lua_CFunction; 1: job. The tree is kept by a reference. */
static int make_tree(lua_State *L) {
    job *j = lua_touserdata(L, 1);
    push_tree(L, j->records, j->count);
    j->ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

/* [-0, +0, m] lua_CFunction; 1: job */
static int copy_tree(lua_State *L) {
    job *j = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, j->ref);
    j->tree = copy_of(L, 2);
    return 0;
}

/* [-0, +0, -] */
static int protect(lua_State *L, lua_CFunction f, job *j) {
    lua_pushcfunction(L, f);
    lua_pushlightuserdata(L, j);
    return lua_pcall(L, 1, 0, 0);
}

double bench_peer_tree_to_lua(bench_peer *peer, int nodes, long rounds) {
    lua_State *L = peer->L;
    job j = {.count = record_count(nodes)};
    record *records = make_records(j.count);
    if (records == NULL) return -1;
    j.records = records;
    int failed = 0;
    double start = now_ns();
    for (long round = 0; round < rounds && !failed; round++) {
        failed = protect(L, make_tree, &j) != LUA_OK;
        luaL_unref(L, LUA_REGISTRYINDEX, j.ref);
    }
    double taken = now_ns() - start;
    free(records);
    return failed ? -1 : taken / (double)rounds;
}

double bench_peer_tree_from_lua(bench_peer *peer, int nodes, long rounds) {
    lua_State *L = peer->L;
    job j = {.count = record_count(nodes)};
    record *records = make_records(j.count);
    if (records == NULL) return -1;
    j.records = records;
    int failed = protect(L, make_tree, &j) != LUA_OK;
    double start = now_ns();
    for (long round = 0; round < rounds && !failed; round++) {
        failed = protect(L, copy_tree, &j) != LUA_OK;
        free_value(&j.tree);
    }
    double taken = now_ns() - start;
    luaL_unref(L, LUA_REGISTRYINDEX, j.ref);
    free(records);
    return failed ? -1 : taken / (double)rounds;
}
