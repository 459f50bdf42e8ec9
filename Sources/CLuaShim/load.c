/* Chunks and environments. */

#include "guarded.h"

#include <string.h>

typedef struct {
    const char *source;
    size_t count;
    const char *name;
    int32_t slot; /* of the environment, the base, the table; 0: none */
    int32_t status;
} request;

/* [-0, +0, m] the value on the top becomes the output of the call under way */
static int answer_one(lua_State *L) {
    mf_state *s = mf_state_of(L);
    mf_encode(L, s, mf_fresh_output(s, s->entry), -1);
    return 0;
}

/* [-0, +0, -] passes over a byte order mark and a first line that begins with `#`, but not its line end */
static void skip_prelude(request *r) {
    if (r->count >= 3 && memcmp(r->source, "\xEF\xBB\xBF", 3) == 0) {
        r->source += 3;
        r->count -= 3;
    }
    if (r->count == 0 || r->source[0] != '#') return;
    const char *end = memchr(r->source, '\n', r->count);
    if (!end) end = r->source + r->count;
    r->count -= (size_t)(end - r->source);
    r->source = end;
}

/* [-0, +0, e] lua_CFunction; 1: request */
static int load(lua_State *L) {
    request *r = lua_touserdata(L, 1);
    mf_state *s = mf_state_of(L);
    skip_prelude(r);
    const char *fault = guarded_source_fault(L, r->source, r->count);
    if (fault) return luaL_error(L, "%s", fault);
    int status = s->limits ? guarded_compile(L, r->source, r->count, r->name)
                           : luaL_loadbufferx(L, r->source, r->count, r->name, "t");
    if (status == LUA_ERRSYNTAX) {
        mf_buffer *b = mf_fresh_output(s, s->entry);
        mf_encode_nil(L, s, b);
        mf_encode(L, s, b, -1);
        mf_encode_nil(L, s, b);
        mf_encode_nil(L, s, b);
        r->status = MF_SYNTAX;
        return 0;
    }
    if (status != LUA_OK) return lua_error(L);
    if (r->slot) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, r->slot);
        if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
    }
    return answer_one(L);
}

int32_t mf_load(mf_state *s, const char *source, size_t count, const char *name, int32_t environment, mf_span *result) {
    request r = {source ? source : "", count, name, environment, MF_OK};
    int32_t status = mf_protect(s, load, &r);
    *result = mf_failure(s);
    return status == MF_OK ? r.status : status;
}

/* [-0, +0, m] lua_CFunction */
static int make(lua_State *L) {
    mf_state *s = mf_state_of(L);
    mf_reader r = mf_read_input(s, s->entry);
    mf_decode(L, s, &r);
    return answer_one(L);
}

int32_t mf_make(mf_state *s, mf_span *result) {
    int32_t status = mf_protect(s, make, NULL);
    *result = mf_failure(s);
    return status;
}

/* [-0, +0, m] lua_CFunction; 1: request */
static int environment(lua_State *L) {
    request *r = lua_touserdata(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "_G");
    lua_createtable(L, 0, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->slot);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    return answer_one(L);
}

int32_t mf_environment(mf_state *s, int32_t base, mf_span *result) {
    request r = {.slot = base};
    int32_t status = mf_protect(s, environment, &r);
    *result = mf_failure(s);
    return status;
}

/* ---- Read-only proxies; upvalue 1 of their metamethods: the table ---- */

static int refuse_write(lua_State *L) { return mf_refuse(L, mf_state_of(L), MF_REFUSE_WRITE, NULL); }

static int proxy_len(lua_State *L) {
    lua_len(L, lua_upvalueindex(1));
    return 1;
}

static int proxy_next(lua_State *L) {
    lua_settop(L, 2);
    if (lua_next(L, lua_upvalueindex(1))) return 2;
    lua_pushnil(L);
    return 1;
}

static int proxy_pairs(lua_State *L) {
    if (luaL_getmetafield(L, lua_upvalueindex(1), "__pairs") != LUA_TNIL) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_call(L, 1, 3);
        return 3;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushcclosure(L, proxy_next, 1);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* [-0, +0, m] lua_CFunction; 1: request */
static int read_only(lua_State *L) {
    static const luaL_Reg metamethods[] = {{"__len", proxy_len}, {"__pairs", proxy_pairs}, {NULL, NULL}};
    request *r = lua_touserdata(L, 1);
    lua_newtable(L);
    lua_createtable(L, 0, 5);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->slot);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__index");
    luaL_setfuncs(L, (lua_pushvalue(L, -2), lua_insert(L, -2), metamethods), 1);
    lua_pop(L, 1);
    lua_pushcfunction(L, refuse_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    if (guard_of(L)) guarded_note_read_only(L, -1);
    return answer_one(L);
}

int32_t mf_read_only(mf_state *s, int32_t table, mf_span *result) {
    request r = {.slot = table};
    int32_t status = mf_protect(s, read_only, &r);
    *result = mf_failure(s);
    return status;
}

/* ---- tostring ---- */

/* [-0, +0, e] lua_CFunction */
static int to_string(lua_State *L) {
    mf_state *s = mf_state_of(L);
    mf_reader r = mf_read_input(s, s->entry);
    mf_decode(L, s, &r);
    if (s->limits)
        guarded_tolstring(L, -1, NULL);
    else
        luaL_tolstring(L, -1, NULL);
    return answer_one(L);
}

int32_t mf_to_string(mf_state *s, mf_span *result) {
    int32_t status = mf_protect(s, to_string, NULL);
    *result = mf_failure(s);
    return status;
}
