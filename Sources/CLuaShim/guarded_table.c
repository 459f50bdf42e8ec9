/*
 * The table library for tenants: the functions of Lua 5.4, each loop of which spends fuel.
 */
#include "guarded.h"

#include <limits.h>

/* What an argument must allow when it is no plain table. */
enum { CAN_READ = 1, CAN_WRITE = 2, HAS_LENGTH = 4 };

static bool has_metamethod(lua_State *L, const char *name, int table) {
    lua_pushstring(L, name);
    bool found = lua_rawget(L, table) != LUA_TNIL;
    lua_pop(L, 1);
    return found;
}

static void check_table(lua_State *L, int arg, int needs) {
    if (lua_type(L, arg) == LUA_TTABLE) return;
    if (lua_getmetatable(L, arg)) {
        int mt = lua_gettop(L);
        bool fits = (!(needs & CAN_READ) || has_metamethod(L, "__index", mt)) &&
                    (!(needs & CAN_WRITE) || has_metamethod(L, "__newindex", mt)) &&
                    (!(needs & HAS_LENGTH) || has_metamethod(L, "__len", mt));
        lua_pop(L, 1);
        if (fits) return;
    }
    luaL_checktype(L, arg, LUA_TTABLE);
}

static lua_Integer check_length(lua_State *L, int arg, int needs) {
    check_table(L, arg, needs | HAS_LENGTH);
    return luaL_len(L, arg);
}

static int table_insert(lua_State *L) {
    lua_Integer end = (lua_Integer)((lua_Unsigned)check_length(L, 1, CAN_READ | CAN_WRITE) + 1);
    lua_Integer at = end;
    int count = lua_gettop(L);
    if (count == 3) {
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, (lua_Unsigned)at - 1u < (lua_Unsigned)end, 2, "position out of bounds");
        for (lua_Integer i = end; i > at; i--) {
            guard_step(L);
            lua_geti(L, 1, i - 1);
            lua_seti(L, 1, i);
        }
    } else if (count != 2) {
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_seti(L, 1, at);
    return 0;
}

static int table_remove(lua_State *L) {
    lua_Integer size = check_length(L, 1, CAN_READ | CAN_WRITE);
    lua_Integer at = luaL_optinteger(L, 2, size);
    if (at != size) luaL_argcheck(L, (lua_Unsigned)at - 1u <= (lua_Unsigned)size, 1, "position out of bounds");
    lua_geti(L, 1, at);
    for (; at < size; at++) {
        guard_step(L);
        lua_geti(L, 1, at + 1);
        lua_seti(L, 1, at);
    }
    lua_pushnil(L);
    lua_seti(L, 1, at);
    return 1;
}

static int table_move(lua_State *L) {
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), to = luaL_checkinteger(L, 4);
    int target = lua_isnoneornil(L, 5) ? 1 : 5;
    check_table(L, 1, CAN_READ);
    check_table(L, target, CAN_WRITE);
    if (last >= first) {
        luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
        lua_Integer count = last - first + 1;
        luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
        bool overlaps = to > first && to <= last && (target == 1 || lua_compare(L, 1, target, LUA_OPEQ));
        for (lua_Integer i = 0; i < count; i++) {
            guard_step(L);
            lua_Integer offset = overlaps ? count - 1 - i : i;
            lua_geti(L, 1, first + offset);
            lua_seti(L, target, to + offset);
        }
    }
    lua_pushvalue(L, target);
    return 1;
}

static void add_element(lua_State *L, luaL_Buffer *b, lua_Integer i) {
    lua_geti(L, 1, i);
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1), (LUAI_UACINT)i);
    luaL_addvalue(b);
}

static int table_concat(lua_State *L) {
    lua_Integer last = check_length(L, 1, CAN_READ);
    size_t separator_length;
    const char *separator = luaL_optlstring(L, 2, "", &separator_length);
    lua_Integer i = luaL_optinteger(L, 3, 1);
    last = luaL_optinteger(L, 4, last);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (; i < last; i++) {
        guard_step(L);
        add_element(L, &b, i);
        luaL_addlstring(&b, separator, separator_length);
    }
    if (i == last) add_element(L, &b, i);
    luaL_pushresult(&b);
    return 1;
}

static int table_pack(lua_State *L) {
    int count = lua_gettop(L);
    lua_createtable(L, count, 1);
    lua_insert(L, 1);
    for (int i = count; i >= 1; i--) {
        guard_step(L);
        lua_seti(L, 1, i);
    }
    lua_pushinteger(L, count);
    lua_setfield(L, 1, "n");
    return 1;
}

static int table_unpack(lua_State *L) {
    lua_Integer first = luaL_optinteger(L, 2, 1);
    lua_Integer last = luaL_opt(L, luaL_checkinteger, 3, luaL_len(L, 1));
    if (first > last) return 0;
    lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first;
    if (count >= INT_MAX || !lua_checkstack(L, (int)(count + 1))) return luaL_error(L, "too many results to unpack");
    for (lua_Unsigned i = 0; i <= count; i++) {
        guard_step(L);
        lua_geti(L, 1, (lua_Integer)((lua_Unsigned)first + i));
    }
    return (int)count + 1;
}

/* ---- sort: quicksort over the table itself; a hostile comparator costs its own fuel and meets "invalid order" ---- */

/* [-0, +0, e] whether the value at index a comes before the one at index b */
static bool comes_before(lua_State *L, int a, int b) {
    guard_step(L);
    if (lua_isnil(L, 2)) return lua_compare(L, a, b, LUA_OPLT);
    a = lua_absindex(L, a);
    b = lua_absindex(L, b);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a);
    lua_pushvalue(L, b);
    lua_call(L, 2, 1);
    bool before = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return before;
}

/* [-2, +0, e] t[i] = the value below the top, t[j] = the top */
static void set_both(lua_State *L, lua_Integer j, lua_Integer i) {
    lua_seti(L, 1, j);
    lua_seti(L, 1, i);
}

/* [-0, +0, e] puts t[i], t[j] in order */
static void order_two(lua_State *L, lua_Integer i, lua_Integer j) {
    lua_geti(L, 1, i);
    lua_geti(L, 1, j);
    if (comes_before(L, -1, -2)) {
        lua_insert(L, -2);
        set_both(L, j, i);
    } else {
        lua_pop(L, 2);
    }
}

static int invalid_order(lua_State *L) { return luaL_error(L, "invalid order function for sorting"); }

static void sort_range(lua_State *L, lua_Unsigned low, lua_Unsigned high) {
    luaL_checkstack(L, 8, "sort");
    while (low < high) {
        lua_Unsigned middle = low + (high - low) / 2;
        order_two(L, (lua_Integer)low, (lua_Integer)high);
        if (high - low == 1) return;
        order_two(L, (lua_Integer)low, (lua_Integer)middle);
        order_two(L, (lua_Integer)middle, (lua_Integer)high);
        if (high - low == 2) return;
        /* Now t[low] <= t[middle] <= t[high]. The pivot waits at high - 1, and stays on the stack. */
        lua_geti(L, 1, (lua_Integer)middle);
        lua_pushvalue(L, -1);
        lua_geti(L, 1, (lua_Integer)high - 1);
        set_both(L, (lua_Integer)middle, (lua_Integer)high - 1);
        lua_Unsigned i = low, j = high - 1;
        for (;;) {
            /* stack: pivot */
            while (lua_geti(L, 1, (lua_Integer)++i), comes_before(L, -1, -2)) {
                if (i == high - 1) invalid_order(L);
                lua_pop(L, 1);
            }
            /* stack: pivot, t[i] */
            while (lua_geti(L, 1, (lua_Integer)--j), comes_before(L, -3, -1)) {
                if (j < i) invalid_order(L);
                lua_pop(L, 1);
            }
            /* stack: pivot, t[i], t[j] */
            if (j < i) break;
            lua_insert(L, -2);
            set_both(L, (lua_Integer)j, (lua_Integer)i);
        }
        lua_pop(L, 2);
        lua_geti(L, 1, (lua_Integer)high - 1);
        lua_geti(L, 1, (lua_Integer)i);
        lua_insert(L, -2);
        /* stack: pivot, t[i], t[high - 1] */
        lua_seti(L, 1, (lua_Integer)i);
        lua_seti(L, 1, (lua_Integer)high - 1);
        lua_pop(L, 1);
        /* The smaller part by recursion, the larger by the loop: the depth is a logarithm. */
        if (i - low < high - i) {
            if (i > low) sort_range(L, low, i - 1);
            low = i + 1;
        } else {
            sort_range(L, i + 1, high);
            high = i - 1;
        }
    }
}

static int table_sort(lua_State *L) {
    lua_Integer size = check_length(L, 1, CAN_READ | CAN_WRITE);
    if (size <= 1) return 0;
    luaL_argcheck(L, size < INT_MAX, 1, "array too big");
    if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    sort_range(L, 1, (lua_Unsigned)size);
    return 0;
}

void guarded_open_table(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"concat", table_concat}, {"insert", table_insert}, {"move", table_move},     {"pack", table_pack},
        {"remove", table_remove}, {"sort", table_sort},     {"unpack", table_unpack}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
