#include <stdlib.h>
#include <string.h>

#include "peer.h"

/* A plain recursive parser, written the way one writes it in C against Lua's API. */
typedef struct {
    lua_State *L;
    const char *at;
    const char *end;
} reader;

static int fail(reader *r, const char *what) {
    return luaL_error(r->L, "%s with %d bytes left", what, (int)(r->end - r->at));
}

static void skip_space(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r')) r->at++;
}

static int hex4(reader *r) {
    if (r->end - r->at < 4) fail(r, "short escape");
    int code = 0;
    for (int i = 0; i < 4; i++) {
        char c = *r->at++;
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) fail(r, "bad escape");
        code = code * 16 + digit;
    }
    return code;
}

static void add_utf8(luaL_Buffer *buffer, unsigned code) {
    if (code < 0x80) {
        luaL_addchar(buffer, (char)code);
    } else if (code < 0x800) {
        luaL_addchar(buffer, (char)(0xC0 | code >> 6));
        luaL_addchar(buffer, (char)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        luaL_addchar(buffer, (char)(0xE0 | code >> 12));
        luaL_addchar(buffer, (char)(0x80 | (code >> 6 & 0x3F)));
        luaL_addchar(buffer, (char)(0x80 | (code & 0x3F)));
    } else {
        luaL_addchar(buffer, (char)(0xF0 | code >> 18));
        luaL_addchar(buffer, (char)(0x80 | (code >> 12 & 0x3F)));
        luaL_addchar(buffer, (char)(0x80 | (code >> 6 & 0x3F)));
        luaL_addchar(buffer, (char)(0x80 | (code & 0x3F)));
    }
}

/* [-0, +1] */
static void push_string(reader *r) {
    const char *start = ++r->at;
    while (r->at < r->end && *r->at != '"' && *r->at != '\\') {
        if ((unsigned char)*r->at < 0x20) fail(r, "control character");
        r->at++;
    }
    if (r->at >= r->end) fail(r, "open string");
    if (*r->at == '"') {
        lua_pushlstring(r->L, start, (size_t)(r->at - start));
        r->at++;
        return;
    }
    luaL_Buffer buffer;
    luaL_buffinit(r->L, &buffer);
    luaL_addlstring(&buffer, start, (size_t)(r->at - start));
    while (r->at < r->end && *r->at != '"') {
        if (*r->at != '\\') {
            luaL_addchar(&buffer, *r->at++);
            continue;
        }
        if (++r->at >= r->end) fail(r, "open string");
        char c = *r->at++;
        switch (c) {
        case 'n': luaL_addchar(&buffer, '\n'); break;
        case 't': luaL_addchar(&buffer, '\t'); break;
        case 'r': luaL_addchar(&buffer, '\r'); break;
        case 'b': luaL_addchar(&buffer, '\b'); break;
        case 'f': luaL_addchar(&buffer, '\f'); break;
        case 'u': {
            unsigned code = (unsigned)hex4(r);
            if (code >= 0xD800 && code < 0xDC00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
                r->at += 2;
                code = 0x10000 + ((code - 0xD800) << 10) + ((unsigned)hex4(r) - 0xDC00);
            }
            add_utf8(&buffer, code);
            break;
        }
        default: luaL_addchar(&buffer, c);
        }
    }
    if (r->at >= r->end) fail(r, "open string");
    r->at++;
    luaL_pushresult(&buffer);
}

/* [-0, +1] */
static void push_number(reader *r) {
    const char *start = r->at;
    int whole = 1;
    while (r->at < r->end && strchr("+-.eE0123456789", *r->at) != NULL) {
        if (*r->at == '.' || *r->at == 'e' || *r->at == 'E') whole = 0;
        r->at++;
    }
    if (r->at == start) fail(r, "unexpected character");
    if (whole) {
        lua_pushinteger(r->L, strtoll(start, NULL, 10));
    } else {
        lua_pushnumber(r->L, strtod(start, NULL));
    }
}

static void expect(reader *r, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0) fail(r, "unexpected character");
    r->at += length;
}

/* [-0, +1] */
static void push_value(reader *r, int depth) {
    if (depth > 200) fail(r, "too deep");
    luaL_checkstack(r->L, 4, NULL);
    skip_space(r);
    if (r->at >= r->end) fail(r, "unexpected end");
    switch (*r->at) {
    case '{':
        r->at++;
        lua_newtable(r->L);
        skip_space(r);
        if (r->at < r->end && *r->at == '}') {
            r->at++;
            return;
        }
        for (;;) {
            skip_space(r);
            if (r->at >= r->end || *r->at != '"') fail(r, "key expected");
            push_string(r);
            skip_space(r);
            expect(r, ":");
            push_value(r, depth + 1);
            lua_rawset(r->L, -3); /* stack: table */
            skip_space(r);
            if (r->at < r->end && *r->at == ',') {
                r->at++;
                continue;
            }
            expect(r, "}");
            return;
        }
    case '[': {
        lua_Integer count = 0;
        r->at++;
        lua_newtable(r->L);
        skip_space(r);
        if (r->at < r->end && *r->at == ']') {
            r->at++;
            return;
        }
        for (;;) {
            push_value(r, depth + 1);
            lua_rawseti(r->L, -2, ++count); /* stack: table */
            skip_space(r);
            if (r->at < r->end && *r->at == ',') {
                r->at++;
                continue;
            }
            expect(r, "]");
            return;
        }
    }
    case '"': push_string(r); return;
    case 't':
        expect(r, "true");
        lua_pushboolean(r->L, 1);
        return;
    case 'f':
        expect(r, "false");
        lua_pushboolean(r->L, 0);
        return;
    case 'n':
        expect(r, "null");
        lua_pushlightuserdata(r->L, NULL);
        return;
    default: push_number(r);
    }
}

/* [-2, +1]: the text and its length, as light userdata and integer. */
static int parse(lua_State *L) {
    reader r = {L, lua_touserdata(L, 1), NULL};
    r.end = r.at + lua_tointegerx(L, 2, NULL);
    push_value(&r, 0);
    skip_space(&r);
    if (r.at != r.end) fail(&r, "text after the value");
    return 1;
}

double bench_peer_json(bench_peer *peer, const char *text, size_t length, long rounds) {
    lua_State *L = peer->L;
    double start = now_ns();
    for (long round = 0; round < rounds; round++) {
        lua_pushcfunction(L, parse);
        lua_pushlightuserdata(L, (void *)text);
        lua_pushinteger(L, (lua_Integer)length);
        if (lua_pcall(L, 2, 1, 0) != LUA_OK) {
            lua_settop(L, 0);
            return -1;
        }
        lua_settop(L, 0);
    }
    return (now_ns() - start) / (double)rounds;
}
