#ifndef MFLUA_CEXECUTOR_H
#define MFLUA_CEXECUTOR_H

/* Threads for Swift's tasks that run on no event loop, in place of libdispatch's. A minder of libdispatch's threads reads
 * each thread's state below /proc, and ends the process with SIGILL where it cannot: without /proc, or without a free
 * descriptor. */

/* From now on the process's tasks run here. To be called once, by a program, before its first task: a library leaves the
 * choice to its program.
 *
 * Two things of Swift go to libdispatch all the same: Task.sleep, for which there is `pause(for:)` of EventLoops, and the
 * main actor, so that such a program's `main` is not async. */
void mf_executor_install(void);

#endif
