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

/* A visit of every node by lua_next, as code that does not know the shape must make it. [-0, +0] */
static long visit(lua_State *L, int index) {
    switch (lua_type(L, index)) {
    case LUA_TTABLE: {
        long sum = 1;
        luaL_checkstack(L, 4, NULL);
        lua_pushnil(L);
        while (lua_next(L, index) != 0) {
            size_t length = 0;
            if (lua_type(L, -2) == LUA_TSTRING) lua_tolstring(L, -2, &length);
            sum += (long)length + visit(L, lua_gettop(L));
            lua_pop(L, 1);
        }
        return sum;
    }
    case LUA_TSTRING: {
        size_t length;
        const char *text = lua_tolstring(L, index, &length);
        char *copy = malloc(length + 1);
        if (copy == NULL) return 0;
        memcpy(copy, text, length + 1);
        long sum = copy[0];
        free(copy);
        return sum;
    }
    case LUA_TNUMBER: return (long)lua_tointegerx(L, index, NULL);
    default: return 1;
    }
}

static record *make_records(int count) {
    record *records = malloc(sizeof *records * (size_t)(count + 1));
    if (records == NULL) return NULL;
    for (int i = 0; i < count; i++) records[i] = (record){"./components/button", 19, i + 1, 1};
    return records;
}

double bench_peer_tree_to_lua(bench_peer *peer, int nodes, long rounds) {
    lua_State *L = peer->L;
    int count = record_count(nodes);
    record *records = make_records(count);
    if (records == NULL) return -1;
    double start = now_ns();
    for (long round = 0; round < rounds; round++) {
        push_tree(L, records, count);
        lua_settop(L, 0);
    }
    double taken = now_ns() - start;
    free(records);
    return taken / (double)rounds;
}

double bench_peer_tree_from_lua(bench_peer *peer, int nodes, long rounds) {
    lua_State *L = peer->L;
    int count = record_count(nodes);
    record *records = make_records(count);
    if (records == NULL) return -1;
    push_tree(L, records, count);
    long sum = 0;
    double start = now_ns();
    for (long round = 0; round < rounds; round++) sum += visit(L, 1);
    double taken = now_ns() - start;
    lua_settop(L, 0);
    free(records);
    return sum == 0 ? -1 : taken / (double)rounds;
}
