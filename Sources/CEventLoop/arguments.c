#include "CEventLoop.h"

/* The C library hands the arguments of main to every constructor: they are known without /proc. */

static int count;
static char *const *words;

__attribute__((constructor)) static void keep_arguments(int argc, char **argv) {
    count = argc;
    words = argv;
}

int mf_argument_count(void) { return count; }
const char *mf_argument(int index) { return words[index]; }
