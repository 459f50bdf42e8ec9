/*
 * refuse-seccomp: runs a program under a kernel that refuses some system call.
 *
 *   refuse-seccomp ARGUMENT             the program beside it that is named in REFUSED_PROGRAM below, with its own argument,
 *                                       where system-call filters are refused (EPERM); tests name it as the program that
 *                                       tenants' workers are started from
 *   refuse-seccomp openat2 PROGRAM …    a program where there is no openat2 (ENOSYS)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFUSED_PROGRAM "mflua-attacks"

static int set_filter(const struct sock_fprog *program) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program);
}

static int refuse_filters(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return set_filter(&program);
}

static int refuse_openat2(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return set_filter(&program);
}

int main(int count, char **arguments) {
    if (count > 2 && strcmp(arguments[1], "openat2") == 0) {
        if (refuse_openat2() != 0) return 71;
        execv(arguments[2], arguments + 2);
        return 72;
    }
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof REFUSED_PROGRAM);
    if (count < 2 || length <= 0) return 64;
    path[length] = '\0';
    char *name = strrchr(path, '/');
    if (!name) return 64;
    memcpy(name + 1, REFUSED_PROGRAM, sizeof REFUSED_PROGRAM);
    if (refuse_filters() != 0) return 71;
    execv(path, arguments);
    return 72;
}
