#ifndef MFLUA_CSANDBOX_H
#define MFLUA_CSANDBOX_H

/*
 * What a worker process is locked into, and how it is started. Linux on x86-64 and arm64.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The descriptor that a worker finds its socket at; all others but the standard ones are closed. */
#define SANDBOX_SOCKET 3

/* Starts `executable argument` with no environment but what keeps crashes short, /dev/null as standard descriptors and the
 * socket. 0 or errno. */
int sandbox_spawn(const char *executable, const char *argument, int socket, pid_t *pid);

/* Makes a pair of connected, non-blocking sockets that no other child inherits. 0 or errno. */
int sandbox_socket_pair(int sockets[2]);

/* Locks the calling process up, all its threads, for good: no new privileges, resource limits, a system-call filter that
 * leaves it reading and writing what is open, memory, time and threads. 0, or errno of the step that the kernel refused;
 * then the process is not locked up and must end. */
int sandbox_enter(size_t memory);

/* Reads and writes that a signal does not end. As read(2) and write(2), -errno for an error. */
ssize_t sandbox_read(int descriptor, void *bytes, size_t count);
ssize_t sandbox_write(int descriptor, const void *bytes, size_t count);

/* Waits until the socket can be read, or written when `writing`. 1: it can; 0: the time is over; -errno. */
int sandbox_wait(int socket, bool writing, int64_t milliseconds);

/* Ends a worker for certain and forgets it. Its exit status (as of waitpid), or -1. */
int sandbox_kill(pid_t worker);

/* Processor time that a worker has used, in nanoseconds; -1: there is none. */
int64_t sandbox_cpu_time(pid_t worker);

/* Has the kernel end a worker that has used so many seconds of processor time in its life. */
void sandbox_limit_cpu(pid_t worker, int64_t seconds);

/* Gives freed memory back to the system: malloc would keep it for whatever is as large. */
void sandbox_trim(void);
#endif
