#define _GNU_SOURCE
#include "CEventLoop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* The ends of the pipes that the program gets; -1 where there is none. */
typedef struct {
    int input, output, errors;
} child_ends;

static int add_streams(posix_spawn_file_actions_t *actions, const mf_spawn_plan *plan, const child_ends *ends) {
    int error = ends->input >= 0 ? posix_spawn_file_actions_adddup2(actions, ends->input, STDIN_FILENO)
                                 : posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_adddup2(actions, ends->output, STDOUT_FILENO);
    if (error) return error;
    switch (plan->errors) {
    case MFErrorsInherited: break;
    case MFErrorsPiped: error = posix_spawn_file_actions_adddup2(actions, ends->errors, STDERR_FILENO); break;
    case MFErrorsMerged: error = posix_spawn_file_actions_adddup2(actions, ends->output, STDERR_FILENO); break;
    case MFErrorsDropped:
        error = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        break;
    }
    /* Also those that some library has opened without O_CLOEXEC. */
    if (!error) error = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    return error;
}

static int spawn_into(const mf_spawn_plan *plan, const child_ends *ends, int *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawnattr_init(&attributes);
    if (!error) {
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        error = add_streams(&actions, plan, ends);
        if (!error && plan->folder) error = posix_spawn_file_actions_addchdir_np(&actions, plan->folder);
        if (!error) {
            char *const *environment = plan->environment ? plan->environment : environ;
            error = posix_spawnp(pid, plan->words[0], &actions, &attributes, plan->words, environment);
        }
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void close_end(int *end) {
    if (*end >= 0) close(*end);
    *end = -1;
}

/* A pipe whose own end does not block. */
static int open_pipe(int *own, int *childs, bool writes) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    *own = ends[writes ? 1 : 0];
    *childs = ends[writes ? 0 : 1];
    fcntl(*own, F_SETFL, O_NONBLOCK);
    return 0;
}

static int spawn(const mf_spawn_plan *plan, mf_child *child, child_ends *ends) {
    int error = open_pipe(&child->output, &ends->output, false);
    if (!error && plan->has_input) error = open_pipe(&child->input, &ends->input, true);
    if (!error && plan->errors == MFErrorsPiped) error = open_pipe(&child->errors, &ends->errors, false);
    if (!error) error = spawn_into(plan, ends, &child->pid);
    if (error) return error;
    child->process = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->process >= 0) return 0;
    error = errno;
    mf_reap(child->pid);
    return error;
}

int mf_spawn(const mf_spawn_plan *plan, mf_child *child) {
    child_ends ends = {-1, -1, -1};
    *child = (mf_child){0, -1, -1, -1, -1};
    int error = spawn(plan, child, &ends);
    close_end(&ends.input);
    close_end(&ends.output);
    close_end(&ends.errors);
    if (error) {
        close_end(&child->input);
        close_end(&child->output);
        close_end(&child->errors);
    }
    return error;
}

int mf_reap(int pid) {
    int status = 0;
    kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return status;
}

/* SIGPIPE is sent to the writing thread: it is kept from it meanwhile, and taken away where this write has caused it. */
ssize_t mf_write(int descriptor, const void *bytes, size_t count) {
    sigset_t pipe_only, previous, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &previous);
    ssize_t written = write(descriptor, bytes, count);
    int error = errno;
    if (written < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE)) {
        struct timespec now = {0, 0};
        while (sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR) {}
    }
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    errno = error;
    return written;
}
