/*
 * What a C program with Lua and libcurl needs for one cold load: `mflua-bench-peer MANIFEST ENTRY` fetches both, parses
 * the manifest, runs the entry, loads one expose and prints the most memory that the process had, in KiB.
 */

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CBenchPeer.h"

typedef struct {
    char *bytes;
    size_t count;
} body;

static size_t append(char *data, size_t size, size_t count, void *context) {
    body *b = context;
    size_t added = size * count;
    char *bytes = realloc(b->bytes, b->count + added + 1);
    if (bytes == NULL) return 0;
    memcpy(bytes + b->count, data, added);
    b->bytes = bytes;
    b->count += added;
    return added;
}

static body fetch(CURL *easy, const char *url) {
    body b = {NULL, 0};
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &b);
    if (curl_easy_perform(easy) != CURLE_OK) {
        free(b.bytes);
        b.bytes = NULL;
    }
    return b;
}

/* The kernel's own figure; what it reports of a finished child begins with its parent's. */
static void print_peak(void) {
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        long kib;
        if (sscanf(line, "VmHWM: %ld", &kib) == 1) printf("%ld\n", kib);
    }
    if (status != NULL) fclose(status);
}

int main(int argc, char **argv) {
    if (argc != 3) return 64;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL *easy = curl_easy_init();
    body manifest = fetch(easy, argv[1]);
    body entry = fetch(easy, argv[2]);
    if (manifest.bytes == NULL || entry.bytes == NULL) return 1;
    bench_peer *peer = bench_peer_open();
    if (peer == NULL || bench_peer_json(peer, manifest.bytes, manifest.count, 1) < 0) return 1;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_loadbuffer(L, entry.bytes, entry.count, "=entry") != LUA_OK || lua_pcall(L, 0, 1, 0) != LUA_OK) return 1;
    lua_getfield(L, -1, "get");
    lua_pushliteral(L, "./x");
    if (lua_pcall(L, 1, 1, 0) != LUA_OK || lua_pcall(L, 0, 1, 0) != LUA_OK || !lua_istable(L, -1)) return 1;
    print_peak();
    lua_close(L);
    bench_peer_close(peer);
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    return 0;
}
