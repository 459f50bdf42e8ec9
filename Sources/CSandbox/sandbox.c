#define _GNU_SOURCE
#include "CSandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- Starting ---- */

int sandbox_socket_pair(int sockets[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) == 0 ? 0 : errno;
}

int sandbox_spawn(const char *executable, const char *argument, int socket, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure) return failure;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    /* A group of its own: the terminal's signals are the host's business. */
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    for (int standard = 0; standard <= 2 && !failure; standard++)
        failure = posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR, 0);
    if (!failure) failure = posix_spawn_file_actions_adddup2(&actions, socket, SANDBOX_SOCKET);
    if (!failure) failure = posix_spawn_file_actions_addclosefrom_np(&actions, SANDBOX_SOCKET + 1);
    char *const arguments[] = {(char *)"mflua-worker", (char *)argument, NULL};
    /* A crash ends the worker, and at once: Swift's runtime would start a program that looks into it, wait for that, and
     * leave it behind. */
    char *const environment[] = {(char *)"SWIFT_BACKTRACE=enable=no", NULL};
    if (!failure) failure = posix_spawn(pid, executable, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

int sandbox_kill(pid_t worker) {
    int status = -1;
    kill(worker, SIGKILL);
    while (waitpid(worker, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return status;
}

int64_t sandbox_cpu_time(pid_t worker) {
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(worker, &clock) != 0 || clock_gettime(clock, &t) != 0) return -1;
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void sandbox_limit_cpu(pid_t worker, int64_t seconds) {
    /* The hard limit stays: a process without privileges cannot raise it again. */
    struct rlimit both;
    if (prlimit(worker, RLIMIT_CPU, NULL, &both) != 0) return;
    both.rlim_cur = seconds < 1 ? 1 : (rlim_t)seconds;
    if (both.rlim_max != RLIM_INFINITY && both.rlim_cur > both.rlim_max) both.rlim_cur = both.rlim_max;
    prlimit(worker, RLIMIT_CPU, &both, NULL);
}

void sandbox_trim(void) { malloc_trim(0); }

/* ---- The filter ---- */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the system-call filter knows x86-64 and arm64 only"
#endif

/* What is left: reading and writing what is open, memory, time, and threads of the same process. */
static const int allowed[] = {
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_recvfrom,
    SYS_sendto,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_close,
    SYS_ppoll,
    SYS_epoll_pwait,
    SYS_epoll_ctl,
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
#ifdef SYS_epoll_pwait2
    SYS_epoll_pwait2,
#endif
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_futex,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_membarrier,
#ifdef SYS_rseq
    SYS_rseq,
#endif
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
#ifdef SYS_time
    SYS_time,
#endif
    SYS_rt_sigreturn,
    SYS_rt_sigprocmask,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_getpid,
    SYS_gettid,
    SYS_exit,
    SYS_exit_group,
};

/* What nobody needs by mistake. */
static const int deadly[] = {
    SYS_execve,  SYS_execveat,    SYS_ptrace,       SYS_process_vm_readv, SYS_process_vm_writev,
    SYS_bpf,     SYS_init_module, SYS_finit_module, SYS_kexec_load,       SYS_mount,
    SYS_unshare, SYS_setns,       SYS_socket,       SYS_connect,          SYS_bind,
#ifdef SYS_fork
    SYS_fork,    SYS_vfork,
#endif
};

enum { MAX_INSTRUCTIONS = 256 };
typedef struct {
    struct sock_filter code[MAX_INSTRUCTIONS];
    unsigned short count;
} program;

static void add(program *p, struct sock_filter instruction) { p->code[p->count++] = instruction; }
static void load(program *p, size_t offset) {
    add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}
static void answer(program *p, unsigned action) { add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action)); }
/* Goes on when the loaded word equals the value, else passes over so many instructions. */
static void unless_equal(program *p, unsigned value, unsigned char skip) {
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip));
}
static void unless_set(program *p, unsigned bits, unsigned char skip) {
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, skip));
}

#define NUMBER offsetof(struct seccomp_data, nr)
#define ARGUMENT(i)                                                                                                    \
    (offsetof(struct seccomp_data, args) + 8 * (i)) /* its low half: both architectures are little-endian */
#define DENY(error) (SECCOMP_RET_ERRNO | (error))

static void build(program *p) {
    load(p, offsetof(struct seccomp_data, arch));
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    answer(p, SECCOMP_RET_KILL_PROCESS);
    load(p, NUMBER);
#if defined(__x86_64__)
    /* The x32 calls are others under the same architecture. */
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000u, 0, 1));
    answer(p, SECCOMP_RET_KILL_PROCESS);
#endif
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        unless_equal(p, (unsigned)allowed[i], 1);
        answer(p, SECCOMP_RET_ALLOW);
    }
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
        unless_equal(p, (unsigned)deadly[i], 1);
        answer(p, SECCOMP_RET_KILL_PROCESS);
    }
    /* Memory, but none that can be executed; and none that the limit on data does not count, which are what processes
     * share and what grows downwards like a stack. */
    unless_equal(p, SYS_mprotect, 4);
    load(p, ARGUMENT(2));
    unless_set(p, PROT_EXEC, 1);
    answer(p, DENY(EPERM));
    answer(p, SECCOMP_RET_ALLOW);
    unless_equal(p, SYS_mmap, 7);
    load(p, ARGUMENT(2));
    unless_set(p, PROT_EXEC, 1);
    answer(p, DENY(EPERM));
    load(p, ARGUMENT(3));
    unless_set(p, MAP_SHARED | MAP_GROWSDOWN, 1); /* MAP_SHARED_VALIDATE has the bit of MAP_SHARED */
    answer(p, DENY(EPERM));
    answer(p, SECCOMP_RET_ALLOW);
    /* Threads, but no processes; glibc falls back to clone, whose flags can be seen. */
    unless_equal(p, SYS_clone, 4);
    load(p, ARGUMENT(0));
    unless_set(p, CLONE_THREAD, 1);
    answer(p, SECCOMP_RET_ALLOW);
    answer(p, SECCOMP_RET_KILL_PROCESS);
#ifdef SYS_clone3
    unless_equal(p, SYS_clone3, 1);
    answer(p, DENY(ENOSYS));
#endif
    /* Signals to the own process: the watchdog's. */
    unless_equal(p, SYS_tgkill, 4);
    load(p, ARGUMENT(0));
    unless_equal(p, (unsigned)getpid(), 1);
    answer(p, SECCOMP_RET_ALLOW);
    answer(p, DENY(EPERM));
    answer(p, DENY(EPERM));
}

/* A sanitizer maps more shadow memory than any limit would let pass, and dies of the first mapping after it. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SHADOW 1
#endif
#endif
#ifndef HAS_SHADOW
#define HAS_SHADOW 0
#endif

static int limit(int resource, rlim_t value) {
    /* A limit that is lower already stays: it cannot be raised. */
    struct rlimit both;
    if (getrlimit((__rlimit_resource_t)resource, &both) == 0 && both.rlim_max < value) value = both.rlim_max;
    both = (struct rlimit){value, value};
    return setrlimit((__rlimit_resource_t)resource, &both) == 0 ? 0 : errno;
}

int sandbox_enter(size_t memory) {
    int failure;
    tzset(); /* while it can be read */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) return errno;
    rlim_t data = HAS_SHADOW ? RLIM_INFINITY : ((rlim_t)512 << 20) + 4 * (rlim_t)memory;
    if ((failure = limit(RLIMIT_CORE, 0)) || (failure = limit(RLIMIT_FSIZE, 0)) ||
        (failure = limit(RLIMIT_NOFILE, 32)) || (failure = limit(RLIMIT_DATA, data)))
        return failure;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
    program p = {.count = 0};
    build(&p);
    struct sock_fprog filter = {p.count, p.code};
    long outcome = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    if (outcome < 0) return errno;
    if (outcome > 0) return EBUSY; /* a thread that has a filter of its own */
    return prctl(PR_GET_SECCOMP) >= 0 || errno == EPERM ? 0 : errno;
}

/* ---- Sockets ---- */

ssize_t sandbox_read(int descriptor, void *bytes, size_t count) {
    ssize_t done;
    do done = recv(descriptor, bytes, count, 0);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

ssize_t sandbox_write(int descriptor, const void *bytes, size_t count) {
    ssize_t done;
    do done = send(descriptor, bytes, count, MSG_NOSIGNAL);
    while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

int sandbox_wait(int socket, bool writing, int64_t milliseconds) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t end = now.tv_sec * 1000 + now.tv_nsec / 1000000 + milliseconds;
    for (;;) {
        struct pollfd entry = {socket, writing ? POLLOUT : POLLIN, 0};
        int outcome =
            poll(&entry, 1, milliseconds < 0 ? 0 : (int)(milliseconds < INT32_MAX ? milliseconds : INT32_MAX));
        if (outcome > 0) return 1;
        if (outcome == 0) return 0;
        if (errno != EINTR) return -errno;
        clock_gettime(CLOCK_MONOTONIC, &now);
        milliseconds = end - (now.tv_sec * 1000 + now.tv_nsec / 1000000);
        if (milliseconds < 0) return 0;
    }
}
