#ifndef MFLUA_BENCH_PEER_H
#define MFLUA_BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a C program does with Lua's own API, measured in the process and the run that it is compared with.
 * Each function returns the nanoseconds that one round took, or a negative number if Lua raised an error.
 */

typedef struct bench_peer bench_peer;

bench_peer *bench_peer_open(void);
void bench_peer_close(bench_peer *peer);

/* A call of each of `listeners` functions with one table of three fields, one field read back, `rounds` times. */
double bench_peer_emit(bench_peer *peer, int listeners, long rounds);

/* The same when the functions are a waterfall: what is returned is checked and handed on. */
double bench_peer_waterfall(bench_peer *peer, int listeners, long rounds);

/* A tree of `nodes` values built in Lua from a C array, `rounds` times. */
double bench_peer_tree_to_lua(bench_peer *peer, int nodes, long rounds);

/* The same tree copied from Lua into a C array, `rounds` times. */
double bench_peer_tree_from_lua(bench_peer *peer, int nodes, long rounds);

/* A JSON text parsed straight into Lua tables, `rounds` times. */
double bench_peer_json(bench_peer *peer, const char *text, size_t length, long rounds);

/*
 * A load of an expose that is loaded already, with `plugins` plugins of three listeners each, `rounds` times: the least
 * that the argument tables and the calls cost. `manifest` adds the argument that only remotes with a manifest have.
 */
double bench_peer_load(bench_peer *peer, int plugins, bool manifest, long rounds);

/* A loop of plain arithmetic, table and call work in Lua, `rounds` times. */
double bench_peer_run(bench_peer *peer, const char *source, long rounds);

/* Bytes that a bare state with a tenant's libraries takes. */
size_t bench_peer_state_size(void);

#endif
