#ifndef MFLUA_CCURL_H
#define MFLUA_CCURL_H

#include <curl/curl.h>

#endif
