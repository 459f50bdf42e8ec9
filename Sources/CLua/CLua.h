#ifndef MFLUA_CLUA_H
#define MFLUA_CLUA_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#endif
