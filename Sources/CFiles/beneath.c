#define _GNU_SOURCE
#include "CFiles.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not blocking: opening a pipe that nobody writes to would stop the caller. */
enum { FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK };

/* Closes a descriptor and keeps errno. */
static void drop(int descriptor) {
    int failure = errno;
    close(descriptor);
    errno = failure;
}

/* Opens one part of a path; a symbolic link is EXDEV. */
static int open_part(int folder, const char *name, int flags) {
    int descriptor = openat(folder, name, flags | O_NOFOLLOW);
    if (descriptor >= 0) return descriptor;
    int failure = errno;
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode)) failure = EXDEV;
    errno = failure;
    return -1;
}

/* The same as openat2 does below, part by part, for kernels that lack it: without symbolic links, which would have to be
 * followed by hand. Closes root. */
static int walk_beneath(int root, const char *path) {
    char name[NAME_MAX + 1];
    int folder = root;
    for (;;) {
        path += strspn(path, "/");
        size_t length = strcspn(path, "/");
        if (length > NAME_MAX) {
            errno = ENAMETOOLONG;
            break;
        }
        memcpy(name, path, length);
        name[length] = '\0';
        path += length;
        bool is_last = path[strspn(path, "/")] == '\0';
        if (strcmp(name, "..") == 0) {
            errno = EXDEV;
            break;
        }
        int next = open_part(folder, length ? name : ".", is_last ? FLAGS : O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (next < 0) break;
        close(folder);
        if (is_last) return next;
        folder = next;
    }
    drop(folder);
    return -1;
}

int mf_open_beneath(const char *folder, const char *path) {
    int root = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return -1;
    struct open_how how = {.flags = FLAGS, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int descriptor;
    do {
        descriptor = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    } while (descriptor < 0 && errno == EINTR);
    /* Filters of system calls that were written before it was there answer EPERM. */
    if (descriptor < 0 && (errno == ENOSYS || errno == EPERM)) return walk_beneath(root, path);
    drop(root);
    return descriptor;
}
