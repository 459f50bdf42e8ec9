/* Operations on tables that Swift holds, and on the slots it holds them by. */

#include "guarded.h"

bool mf_release(mf_state *s, int32_t slot) {
    lua_State *L = s->running;
    if (slot <= LUA_RIDX_LAST || s->abandoned) return true;
    if (!lua_checkstack(L, 3)) return false;
    luaL_unref(L, LUA_REGISTRYINDEX, slot); /* writes to keys that exist: nothing is allocated */
    return true;
}

typedef struct {
    int32_t operation, table, argument;
    int32_t status;
} request;

/* The stack of an operation. */
enum { AT_REQUEST = 1, AT_TABLE, AT_KEY, AT_VALUE };

/* [-0, +0, e] the pairs of pairs(table), in turn, to the output */
static void encode_pairs(lua_State *L, mf_state *s) {
    mf_buffer *b;
    lua_settop(L, AT_TABLE);
    if (luaL_getmetafield(L, AT_TABLE, "__pairs") == LUA_TNIL) {
        b = mf_fresh_output(s, s->entry);
        lua_pushnil(L);
        while (lua_next(L, AT_TABLE)) {
            mf_encode(L, s, b, -2);
            mf_encode(L, s, b, -1);
            lua_pop(L, 1);
        }
        return;
    }
    lua_pushvalue(L, AT_TABLE);
    lua_call(L, 1, 3); /* 3: iterator, 4: state, 5: control */
    b = mf_fresh_output(s, s->entry);
    for (;;) {
        guard_step(L);
        lua_pushvalue(L, 3);
        lua_pushvalue(L, 4);
        lua_pushvalue(L, 5);
        lua_call(L, 2, 2);
        if (lua_isnil(L, -2)) return;
        mf_encode(L, s, b, -2);
        mf_encode(L, s, b, -1);
        lua_pop(L, 1);
        lua_replace(L, 5);
    }
}

/* [-0, +0, e] lua_CFunction; 1: request */
static int operate(lua_State *L) {
    request *q = lua_touserdata(L, AT_REQUEST);
    mf_state *s = mf_state_of(L);
    mf_reader r = mf_read_input(s, s->entry);
    lua_rawgeti(L, LUA_REGISTRYINDEX, q->table);
    if (r.at < r.end) mf_decode(L, s, &r);
    if (r.at < r.end) mf_decode(L, s, &r);
    switch (q->operation) {
    case MF_TABLE_GET: lua_gettable(L, AT_TABLE); break;
    case MF_TABLE_RAW_GET: lua_rawget(L, AT_TABLE); break;
    case MF_TABLE_SET: lua_settable(L, AT_TABLE); break;
    case MF_TABLE_RAW_SET:
        if (lua_isnil(L, AT_KEY)) return luaL_error(L, "index is nil");
        if (lua_isnumber(L, AT_KEY) && lua_tonumber(L, AT_KEY) != lua_tonumber(L, AT_KEY))
            return luaL_error(L, "index is NaN");
        lua_rawset(L, AT_TABLE);
        break;
    case MF_TABLE_COUNT: lua_pushinteger(L, luaL_len(L, AT_TABLE)); break;
    case MF_TABLE_PAIRS: encode_pairs(L, s); return 0;
    case MF_TABLE_COPY: q->status = mf_encode_copy(L, s, mf_fresh_output(s, s->entry), AT_TABLE, q->argument); return 0;
    case MF_TABLE_SET_METATABLE: lua_setmetatable(L, AT_TABLE); break;
    case MF_TABLE_METATABLE:
        if (!lua_getmetatable(L, AT_TABLE)) lua_pushnil(L);
        break;
    case MF_TABLE_CLEAR:
        lua_pushnil(L);
        while (lua_next(L, AT_TABLE)) {
            lua_pop(L, 1);
            lua_pushvalue(L, -1);
            lua_pushnil(L);
            lua_rawset(L, AT_TABLE);
        }
        break;
    }
    mf_buffer *b = mf_fresh_output(s, s->entry);
    if (lua_gettop(L) > AT_TABLE)
        mf_encode(L, s, b, -1);
    else
        mf_encode_nil(L, s, b);
    return 0;
}

int32_t mf_table(mf_state *s, int32_t operation, int32_t table, int32_t argument, mf_span *result) {
    request q = {operation, table, argument, MF_OK};
    int32_t status = mf_protect(s, operate, &q);
    *result = mf_failure(s);
    return status == MF_OK ? q.status : status;
}
