/* What keeps the code of a plugin in memory that is gone: a search from the roots, breadth first, so that the shortest
 * path is found. It runs on demand only; what it notes lives in Lua, and goes with it. */

#include "internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* How one object holds another. */
enum { ROOT, FIELD, KEY, METATABLE, UPVALUE, USER_VALUE, LOCAL };

/* What is searched for, and how much of it is told. */
typedef struct {
    int32_t globals; /* slot of a table whose keys are the environments that are gone */
    int32_t sources; /* slot of a table whose keys are the names of chunks that nothing alive was made of */
    int32_t limit;
} request;

/* The stack of a search. */
enum {
    AT_REQUEST = 1,
    AT_ENVIRONMENTS,
    AT_SOURCES,
    AT_OBJECTS, /* number -> object, in the order in which they were reached */
    AT_NUMBERS, /* object -> number */
    AT_PARENTS, /* number -> the number of what holds it */
    AT_KINDS,   /* number -> how */
    AT_LABELS,  /* number -> under which key or name */
    AT_TOP = AT_LABELS
};

typedef struct {
    lua_Integer count; /* of the objects that were reached */
    int32_t found;
    mf_buffer *output;
    mf_state *state;
} search;

/* [-0, +0, m] notes an object that was reached for the first time; `label` is the index of what names it, or 0 */
static void reach(lua_State *L, search *q, int index, lua_Integer parent, int kind, int label) {
    int type = lua_type(L, index);
    if (type != LUA_TTABLE && type != LUA_TFUNCTION && type != LUA_TUSERDATA && type != LUA_TTHREAD) return;
    index = lua_absindex(L, index);
    if (label) label = lua_absindex(L, label);
    luaL_checkstack(L, 4, NULL);
    lua_pushvalue(L, index);
    bool is_known = lua_rawget(L, AT_NUMBERS) != LUA_TNIL;
    lua_pop(L, 1);
    if (is_known) return;
    lua_Integer number = ++q->count;
    lua_pushvalue(L, index);
    lua_pushinteger(L, number);
    lua_rawset(L, AT_NUMBERS);
    lua_pushvalue(L, index);
    lua_rawseti(L, AT_OBJECTS, number);
    lua_pushinteger(L, parent);
    lua_rawseti(L, AT_PARENTS, number);
    lua_pushinteger(L, kind);
    lua_rawseti(L, AT_KINDS, number);
    if (label)
        lua_pushvalue(L, label);
    else
        lua_pushboolean(L, false);
    lua_rawseti(L, AT_LABELS, number);
}

/* [-1, +0, m] the same for the object on top, named by a text; the object is popped */
static void reach_named(lua_State *L, search *q, lua_Integer parent, int kind, const char *name) {
    lua_pushstring(L, name);
    reach(L, q, -2, parent, kind, -1);
    lua_pop(L, 2);
}

static bool is_name(const char *text, size_t count) {
    if (count == 0 || isdigit((unsigned char)text[0])) return false;
    for (size_t i = 0; i < count; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_') return false;
    return true;
}

/* A text of limited length. */
typedef struct {
    char bytes[1024];
    size_t count;
} text;

static void add(text *t, const char *bytes, size_t count) {
    size_t room = sizeof t->bytes - t->count;
    if (count > room) count = room;
    memcpy(t->bytes + t->count, bytes, count);
    t->count += count;
}

static void add_string(text *t, const char *string) { add(t, string, strlen(string)); }

/* [-0, +0, -] adds how a table holds something under the key on top */
static void add_field(lua_State *L, text *t) {
    char number[32];
    if (lua_type(L, -1) == LUA_TSTRING) {
        size_t count;
        const char *name = lua_tolstring(L, -1, &count);
        bool plain = is_name(name, count);
        add_string(t, plain ? "." : "[\"");
        add(t, name, count < 60 ? count : 60);
        if (!plain) add_string(t, "\"]");
    } else if (lua_isinteger(L, -1)) {
        snprintf(number, sizeof number, "[%lld]", (long long)lua_tointeger(L, -1));
        add_string(t, number);
    } else {
        add_string(t, "[a ");
        add_string(t, luaL_typename(L, -1));
        add_string(t, "]");
    }
}

/* [-0, +0, -] adds how an object is held */
static void add_step(lua_State *L, text *t, lua_Integer number) {
    lua_rawgeti(L, AT_KINDS, number);
    lua_rawgeti(L, AT_LABELS, number);
    const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    switch (lua_tointeger(L, -2)) {
    case ROOT: add_string(t, name); break;
    case FIELD: add_field(L, t); break;
    case KEY: add_string(t, "<key>"); break;
    case METATABLE: add_string(t, "<metatable>"); break;
    case USER_VALUE: add_string(t, "<user value>"); break;
    case UPVALUE:
    case LOCAL:
        add_string(t, lua_tointeger(L, -2) == UPVALUE ? "<upvalue " : "<local ");
        add_string(t, name);
        add_string(t, ">");
        break;
    }
    lua_pop(L, 2);
}

/* [-0, +0, m] tells of what was searched for, which is on top: the path to it, and what it is */
static void tell(lua_State *L, search *q, lua_Integer number) {
    enum { LONGEST = 40 };
    lua_Integer steps[LONGEST];
    int count = 0;
    text t = {.count = 0};
    for (lua_Integer at = number; at > 0 && count < LONGEST;) {
        steps[count++] = at;
        lua_rawgeti(L, AT_PARENTS, at);
        at = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    while (count > 0) add_step(L, &t, steps[--count]);
    add_string(&t, " = ");
    if (lua_isfunction(L, -1)) {
        lua_Debug about;
        char line[32];
        lua_pushvalue(L, -1);
        lua_getinfo(L, ">S", &about);
        add_string(&t, "function at ");
        add_string(&t, *about.source == '@' ? about.source + 1 : about.short_src);
        snprintf(line, sizeof line, ":%d", about.linedefined);
        add_string(&t, line);
    } else {
        add_string(&t, "its globals");
    }
    mf_encode_string(L, q->state, q->output, t.bytes, t.count);
    q->found++;
}

/* [-0, +0, m] whether the function on top is of a plugin that is gone */
static bool is_of_plugin(lua_State *L) {
    lua_Debug about;
    if (lua_iscfunction(L, -1)) return false;
    const char *name;
    for (int i = 1; (name = lua_getupvalue(L, -1, i)); i++) {
        if (strcmp(name, "_ENV") != 0) {
            lua_pop(L, 1);
            continue;
        }
        bool is_gone = lua_istable(L, -1) && lua_rawget(L, AT_ENVIRONMENTS) != LUA_TNIL;
        lua_pop(L, 1);
        return is_gone;
    }
    /* One that uses no globals is known by its chunk alone. */
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &about);
    lua_pushstring(L, about.source);
    bool is_gone = lua_rawget(L, AT_SOURCES) != LUA_TNIL;
    lua_pop(L, 1);
    return is_gone;
}

/* [-0, +0, m] the keys and values of the table on top, but for those that it holds weakly */
static void reach_fields(lua_State *L, search *q, lua_Integer number) {
    bool weak_keys = false, weak_values = false;
    if (lua_getmetatable(L, -1)) {
        reach(L, q, -1, number, METATABLE, 0);
        lua_pushliteral(L, "__mode");
        if (lua_rawget(L, -2) == LUA_TSTRING) {
            weak_keys = strchr(lua_tostring(L, -1), 'k');
            weak_values = strchr(lua_tostring(L, -1), 'v');
        }
        lua_pop(L, 2);
    }
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        if (!weak_keys) reach(L, q, -2, number, KEY, 0);
        if (!weak_values) {
            /* Under a weak key a value is held as long as something else holds the key. */
            bool is_held = true;
            if (weak_keys && (lua_istable(L, -2) || lua_isfunction(L, -2) || lua_isuserdata(L, -2))) {
                lua_pushvalue(L, -2);
                is_held = lua_rawget(L, AT_NUMBERS) != LUA_TNIL;
                lua_pop(L, 1);
            }
            if (is_held) reach(L, q, -1, number, FIELD, -2);
        }
        lua_pop(L, 1);
    }
}

/* [-0, +0, m] what the coroutine on top has on its stack; for the one that runs, what its callers have */
static void reach_locals(lua_State *L, search *q, lua_Integer number) {
    lua_State *thread = lua_tothread(L, -1);
    lua_Debug frame;
    if (thread != L && !lua_checkstack(thread, 2)) return;
    /* The search itself is the innermost frame of the one that runs. */
    for (int level = thread == L; lua_getstack(thread, level, &frame); level++) {
        lua_getinfo(thread, "f", &frame);
        if (thread != L) lua_xmove(thread, L, 1);
        reach_named(L, q, number, LOCAL, "function");
        const char *name;
        for (int i = 1; (name = lua_getlocal(thread, &frame, i)); i++) {
            if (thread != L) lua_xmove(thread, L, 1);
            reach_named(L, q, number, LOCAL, name);
        }
    }
    if (thread == L) return;
    /* One that has not begun has its function there, one that waits what it has yielded. */
    int count = lua_gettop(thread);
    for (int i = 1; i <= count; i++) {
        lua_pushvalue(thread, i);
        lua_xmove(thread, L, 1);
        reach_named(L, q, number, LOCAL, "?");
    }
}

/* [-0, +0, m] what the object on top holds */
static void follow(lua_State *L, search *q, lua_Integer number) {
    luaL_checkstack(L, 12, NULL);
    const char *name;
    switch (lua_type(L, -1)) {
    case LUA_TTABLE: reach_fields(L, q, number); break;
    case LUA_TFUNCTION:
        for (int i = 1; (name = lua_getupvalue(L, -1, i)); i++) reach_named(L, q, number, UPVALUE, name);
        break;
    case LUA_TUSERDATA:
        if (lua_getmetatable(L, -1)) {
            reach(L, q, -1, number, METATABLE, 0);
            lua_pop(L, 1);
        }
        for (int i = 1; lua_getiuservalue(L, -1, i) != LUA_TNONE; i++) {
            reach(L, q, -1, number, USER_VALUE, 0);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
        break;
    case LUA_TTHREAD: reach_locals(L, q, number); break;
    }
}

/* [-0, +0, m] the roots that have names; the registry comes when nothing more is reached from these */
static void reach_roots(lua_State *L, search *q) {
    lua_pushglobaltable(L);
    reach_named(L, q, 0, ROOT, "_G");
    if (lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE) == LUA_TTABLE)
        reach_named(L, q, 0, ROOT, "package.loaded");
    else
        lua_pop(L, 1);
    lua_pushthread(L);
    reach_named(L, q, 0, ROOT, "running code");
    for (mf_task *task = q->state->tasks; task; task = task->next) {
        if (!lua_checkstack(task->thread, 1)) continue;
        lua_pushthread(task->thread);
        lua_xmove(task->thread, L, 1);
        reach_named(L, q, 0, ROOT, "waiting code");
    }
}

/* [-0, +0, e] lua_CFunction; 1: request */
static int find_holders(lua_State *L) {
    request *r = lua_touserdata(L, AT_REQUEST);
    mf_state *s = mf_state_of(L);
    search q = {.state = s, .output = mf_fresh_output(s, s->entry)};
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->globals);
    lua_rawgeti(L, LUA_REGISTRYINDEX, r->sources);
    for (int i = AT_OBJECTS; i <= AT_TOP; i++) lua_newtable(L);
    /* What the search itself has is no path. */
    for (int i = AT_ENVIRONMENTS; i <= AT_TOP; i++) {
        lua_pushvalue(L, i);
        lua_pushinteger(L, 0);
        lua_rawset(L, AT_NUMBERS);
    }
    reach_roots(L, &q);
    for (lua_Integer number = 1; number <= q.count && q.found < r->limit; number++) {
        lua_rawgeti(L, AT_OBJECTS, number);
        bool is_sought;
        if (lua_isfunction(L, -1)) {
            is_sought = is_of_plugin(L);
        } else {
            lua_pushvalue(L, -1);
            is_sought = lua_rawget(L, AT_ENVIRONMENTS) != LUA_TNIL;
            lua_pop(L, 1);
        }
        if (is_sought)
            tell(L, &q, number);
        else
            follow(L, &q, number);
        lua_pop(L, 1);
        if (number < q.count) continue;
        lua_pushvalue(L, LUA_REGISTRYINDEX);
        reach_named(L, &q, 0, ROOT, "registry");
    }
    return 0;
}

int32_t mf_find_holders(mf_state *s, int32_t globals, int32_t sources, int32_t limit, mf_span *result) {
    request r = {globals, sources, limit};
    int32_t status = mf_protect(s, find_holders, &r);
    *result = mf_failure(s);
    return status;
}
