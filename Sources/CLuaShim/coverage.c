/* Counts how often the lines of files run: for tests that say what they cover. */

#include "internal.h"

/* [-0, +0, e] One more run of a line. */
static void count_line(lua_State *L, lua_Debug *ar) {
    mf_state *s = mf_state_of(L);
    /* The only hook there is: where lines are counted, limits on processor time look at the clock here. */
    mf_cpu_look(L);
    if (!lua_getinfo(L, "S", ar) || ar->source[0] != '@') return;
    lua_rawgeti(L, LUA_REGISTRYINDEX, s->line_counts);
    lua_pushstring(L, ar->source + 1);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) != LUA_TTABLE) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -2);
        lua_pushvalue(L, -2);
        lua_rawset(L, -5);
    }
    lua_rawgeti(L, -1, ar->currentline);
    lua_Integer runs = lua_tointeger(L, -1) + 1;
    lua_pop(L, 1);
    lua_pushinteger(L, runs);
    lua_rawseti(L, -2, ar->currentline);
    lua_pop(L, 3);
}

void mf_count_lines_again(mf_state *s, lua_State *L) {
    if (s->line_counts) lua_sethook(L, count_line, LUA_MASKLINE, 0);
}

void mf_count_lines(mf_state *s, int32_t table) {
    s->line_counts = table;
    /* Coroutines that are made from now on inherit the hook. */
    lua_sethook(s->main, count_line, LUA_MASKLINE, 0);
}
