#include "CEventLoop.h"

_Thread_local uintptr_t mf_loop_number;
