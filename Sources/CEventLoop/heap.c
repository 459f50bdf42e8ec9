#include "CEventLoop.h"

#include <malloc.h>

void mf_heap_single(void) { mallopt(M_ARENA_MAX, 1); }
