#ifndef MFLUA_CFILES_H
#define MFLUA_CFILES_H

/*
 * Opens a plain path below a folder for reading. The kernel refuses every way out: `..`, absolute symbolic links, and
 * symbolic links that lead out of the folder (openat2 with RESOLVE_BENEATH).
 *
 * Where the kernel has no openat2 (Linux before 5.6), or a filter of system calls refuses it, every symbolic link below the
 * folder is refused.
 *
 * Returns a descriptor, or -1 with errno: EXDEV where the path leads out of the folder.
 */
int mf_open_beneath(const char *folder, const char *path);

#endif
