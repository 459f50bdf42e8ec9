/*
 * locked-up: locks itself up as a tenant's worker does, with 16 MB, and tries what a worker that has been taken over may
 * try. `locked-up memory` prints what it was given, a line each; `locked-up spin` uses the processor until it is ended.
 */
#define _GNU_SOURCE
#include "CSandbox.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static char report[4096];

/* Only write(2) is left to say it with. */
static void note(const char *what, long outcome) {
    size_t length = strlen(report);
    snprintf(report + length, sizeof report - length, "%s: %s\n", what, outcome == -1 ? "refused" : "given");
}

static long map(int protection, int flags) {
    return (long)mmap(NULL, 1 << 20, protection, flags | MAP_ANONYMOUS, -1, 0);
}

/* Touches private memory, a piece at a time, up to a gigabyte. */
static long fill(void) {
    for (int i = 0; i < 64; i++) {
        char *piece = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED) return -1;
    }
    return 0;
}

int main(int count, char **arguments) {
    if (count != 2) return 64;
    if (sandbox_enter(16 << 20) != 0) return 71;
    if (strcmp(arguments[1], "spin") == 0)
        for (volatile unsigned turns = 0;; turns++) {}
    int plain = PROT_READ | PROT_WRITE;
    note("private memory", map(plain, MAP_PRIVATE));
    note("shared memory", map(plain, MAP_SHARED));
    note("shared memory, validated", map(plain, MAP_SHARED_VALIDATE));
    note("memory that grows downwards", map(plain, MAP_PRIVATE | MAP_GROWSDOWN));
    note("executable memory", map(plain | PROT_EXEC, MAP_PRIVATE));
    note("memory with a file descriptor", syscall(SYS_memfd_create, "x", 0));
    note("a segment of System V", syscall(SYS_shmget, 0, 1 << 20, 01600));
    note("a pair of sockets", syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (int[2]){0}));
    note("a gigabyte", fill());
    return write(1, report, strlen(report)) < 0;
}
