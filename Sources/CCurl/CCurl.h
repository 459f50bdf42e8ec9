#ifndef MFLUA_CCURL_H
#define MFLUA_CCURL_H

/*
 * libcurl's declarations, and a table of its functions that is filled when the library is opened.
 *
 * Loading libcurl and the 40 libraries that it pulls in takes longer than all other start-up together, so nothing
 * links to it: what is called goes through the table. Swift cannot call variadic functions, hence the wrappers.
 */

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

typedef struct {
    CURLcode (*global_init)(long flags);
    const char *(*easy_strerror)(CURLcode code);
    CURL *(*easy_init)(void);
    void (*easy_reset)(CURL *easy);
    void (*easy_cleanup)(CURL *easy);
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_cleanup)(CURLM *multi);
    CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_socket_action)(CURLM *multi, curl_socket_t socket, int flags, int *running);
    CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
    CURLMcode (*multi_setopt)(CURLM *multi, CURLMoption option, ...);
    /* Of libidn2 and zlib, which libcurl brings along; NULL where it does not. */
    int (*idn2_lookup)(const unsigned char *name, unsigned char **ascii, int flags);
    void (*idn2_free)(void *pointer);
    int (*inflate_init)(z_streamp stream, int window, const char *version, int size);
    int (*inflate_reset)(z_streamp stream);
    int (*inflate)(z_streamp stream, int flush);
    int (*inflate_end)(z_streamp stream);
} mf_curl;

/*
 * Opens libcurl and fills the table. Returns NULL, or why it failed (a message of the dynamic linker, or the name of
 * the function that is missing).
 */
static inline const char *mf_curl_open(mf_curl *curl) {
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) library = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *reason = dlerror();
        return reason != NULL ? reason : "libcurl.so.4";
    }
#define MF_CURL_FIND(field, name)                                                                                      \
    do {                                                                                                               \
        void *function = dlsym(library, name);                                                                         \
        if (function == NULL) return name;                                                                             \
        memcpy(&curl->field, &function, sizeof function);                                                              \
    } while (0)
    MF_CURL_FIND(global_init, "curl_global_init");
    MF_CURL_FIND(easy_strerror, "curl_easy_strerror");
    MF_CURL_FIND(easy_init, "curl_easy_init");
    MF_CURL_FIND(easy_reset, "curl_easy_reset");
    MF_CURL_FIND(easy_cleanup, "curl_easy_cleanup");
    MF_CURL_FIND(easy_setopt, "curl_easy_setopt");
    MF_CURL_FIND(easy_getinfo, "curl_easy_getinfo");
    MF_CURL_FIND(slist_append, "curl_slist_append");
    MF_CURL_FIND(slist_free_all, "curl_slist_free_all");
    MF_CURL_FIND(multi_init, "curl_multi_init");
    MF_CURL_FIND(multi_cleanup, "curl_multi_cleanup");
    MF_CURL_FIND(multi_add_handle, "curl_multi_add_handle");
    MF_CURL_FIND(multi_remove_handle, "curl_multi_remove_handle");
    MF_CURL_FIND(multi_socket_action, "curl_multi_socket_action");
    MF_CURL_FIND(multi_info_read, "curl_multi_info_read");
    MF_CURL_FIND(multi_setopt, "curl_multi_setopt");
#undef MF_CURL_FIND
#define MF_CURL_TRY(field, name)                                                                                       \
    do {                                                                                                               \
        void *function = dlsym(library, name);                                                                         \
        if (function != NULL) memcpy(&curl->field, &function, sizeof function);                                        \
    } while (0)
    MF_CURL_TRY(idn2_lookup, "idn2_lookup_u8");
    MF_CURL_TRY(idn2_free, "idn2_free");
    MF_CURL_TRY(inflate_init, "inflateInit2_");
    MF_CURL_TRY(inflate_reset, "inflateReset");
    MF_CURL_TRY(inflate, "inflate");
    MF_CURL_TRY(inflate_end, "inflateEnd");
    /* OpenSSL would clean up while other threads still use it: the process ends all the same. */
    int (*openssl_init)(uint64_t options, const void *settings) = NULL;
    void *function = dlsym(library, "OPENSSL_init_crypto");
    if (function != NULL) {
        enum { no_atexit = 0x00080000 };
        memcpy(&openssl_init, &function, sizeof function);
        (void)openssl_init(no_atexit, NULL);
    }
#undef MF_CURL_TRY
    return NULL;
}

/* A host's name in ASCII, to be freed with `idn2_free`; NULL when it has none. */
static inline char *mf_curl_ascii_name(const mf_curl *curl, const char *name) {
    enum { normalize = 1, nontransitional = 8 };
    unsigned char *ascii = NULL;
    if (curl->idn2_lookup == NULL || curl->idn2_free == NULL) return NULL;
    int code = curl->idn2_lookup((const unsigned char *)name, &ascii, normalize | nontransitional);
    return code == 0 ? (char *)ascii : NULL;
}

/* Options of one transfer, by the type of their value. */

static inline CURLcode mf_curl_set_long(const mf_curl *curl, CURL *easy, CURLoption option, long value) {
    return curl->easy_setopt(easy, option, value);
}

static inline CURLcode mf_curl_set_offset(const mf_curl *curl, CURL *easy, CURLoption option, curl_off_t value) {
    return curl->easy_setopt(easy, option, value);
}

static inline CURLcode mf_curl_set_string(const mf_curl *curl, CURL *easy, CURLoption option, const char *value) {
    return curl->easy_setopt(easy, option, value);
}

static inline CURLcode mf_curl_set_pointer(const mf_curl *curl, CURL *easy, CURLoption option, void *value) {
    return curl->easy_setopt(easy, option, value);
}

/* The callbacks for bodies and headers have one type. */
typedef size_t (*mf_curl_data_callback)(char *data, size_t size, size_t count, void *context);

static inline CURLcode mf_curl_set_data_callback(const mf_curl *curl, CURL *easy, CURLoption option,
                                                 mf_curl_data_callback callback) {
    return curl->easy_setopt(easy, option, callback);
}

static inline CURLcode mf_curl_set_open_socket_callback(const mf_curl *curl, CURL *easy,
                                                        curl_opensocket_callback callback) {
    return curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, callback);
}

static inline CURLcode mf_curl_set_prerequest_callback(const mf_curl *curl, CURL *easy, curl_prereq_callback callback) {
    return curl->easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
}

/* What is known about a transfer; 0 or NULL when nothing is. */

static inline long mf_curl_info_long(const mf_curl *curl, CURL *easy, CURLINFO info) {
    long value = 0;
    return curl->easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

static inline curl_off_t mf_curl_info_offset(const mf_curl *curl, CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return curl->easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

/* The multi handle. */

static inline CURLMcode mf_curl_multi_set_long(const mf_curl *curl, CURLM *multi, CURLMoption option, long value) {
    return curl->multi_setopt(multi, option, value);
}

static inline CURLMcode mf_curl_multi_set_callbacks(const mf_curl *curl, CURLM *multi, curl_socket_callback on_socket,
                                                    curl_multi_timer_callback on_timer, void *context) {
    CURLMcode code = curl->multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    if (code == CURLM_OK) code = curl->multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    if (code == CURLM_OK) code = curl->multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    if (code == CURLM_OK) code = curl->multi_setopt(multi, CURLMOPT_TIMERDATA, context);
    return code;
}

/* The next transfer that has ended and how; NULL when there is none. */
static inline CURL *mf_curl_multi_next_done(const mf_curl *curl, CURLM *multi, CURLcode *code) {
    int left;
    CURLMsg *message;
    while ((message = curl->multi_info_read(multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        *code = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

/* One gzip body on its way through zlib. */
typedef struct {
    z_stream stream;
} mf_inflate;

/* Begins; NULL where there is no zlib or no memory. */
static inline mf_inflate *mf_inflate_begin(const mf_curl *curl) {
    if (curl->inflate_init == NULL || curl->inflate_reset == NULL || curl->inflate == NULL || curl->inflate_end == NULL)
        return NULL;
    mf_inflate *state = (mf_inflate *)calloc(1, sizeof *state);
    enum { gzip_only = 16 };
    if (state == NULL) return NULL;
    if (curl->inflate_init(&state->stream, MAX_WBITS + gzip_only, ZLIB_VERSION, (int)sizeof state->stream) == Z_OK)
        return state;
    free(state);
    return NULL;
}

/* Begins the next member of the body. */
static inline bool mf_inflate_restart(const mf_curl *curl, mf_inflate *state) {
    return curl->inflate_reset(&state->stream) == Z_OK;
}

/* Unpacks some bytes: 1 at the end of a member, 0 before it, -1 when they are not gzip. */
static inline int mf_inflate_step(const mf_curl *curl, mf_inflate *state, const void *input, size_t count, void *output,
                                  size_t room, size_t *used, size_t *made) {
    state->stream.next_in = (z_const Bytef *)input;
    state->stream.avail_in = (uInt)count;
    state->stream.next_out = (Bytef *)output;
    state->stream.avail_out = (uInt)room;
    int code = curl->inflate(&state->stream, Z_NO_FLUSH);
    *used = count - state->stream.avail_in;
    *made = room - state->stream.avail_out;
    if (code == Z_STREAM_END) return 1;
    return code == Z_OK || code == Z_BUF_ERROR ? 0 : -1;
}

static inline void mf_inflate_end(const mf_curl *curl, mf_inflate *state) {
    curl->inflate_end(&state->stream);
    free(state);
}

/*
 * Opens a socket for an address, as libcurl itself does.
 */
static inline curl_socket_t mf_curl_open_socket(const struct curl_sockaddr *address) {
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* The bytes of an IPv4 (4) or IPv6 (16) address; returns their number, 0 for other families. */
static inline int mf_curl_address_bytes(const struct curl_sockaddr *address, unsigned char bytes[16]) {
    if (address->family == AF_INET) {
        memcpy(bytes, &((const struct sockaddr_in *)&address->addr)->sin_addr, 4);
        return 4;
    }
    if (address->family == AF_INET6) {
        memcpy(bytes, &((const struct sockaddr_in6 *)&address->addr)->sin6_addr, 16);
        return 16;
    }
    return 0;
}

/* The same from an address in text. */
static inline int mf_curl_parse_address(const char *text, unsigned char bytes[16]) {
    if (inet_pton(AF_INET, text, bytes) == 1) return 4;
    return inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
}

/*
 * An address in text in any spelling that resolvers take; returns the number of its bytes, 0 for other texts.
 */
static inline int mf_read_address(const char *text, unsigned char bytes[16]) {
    /* inet_aton takes whatever follows a space. */
    if (strpbrk(text, " \t\r\n\v\f") == NULL && inet_aton(text, (struct in_addr *)(void *)bytes) == 1) return 4;
    return inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
}

/*
 * OpenSSL writes to sockets without MSG_NOSIGNAL. SIGPIPE is sent to the writing thread, so it is kept from this one
 * while libcurl runs; the process's handling of the signal stays as it is.
 */
typedef struct {
    sigset_t previous;
    bool was_pending;
} mf_sigpipe_guard;

static inline mf_sigpipe_guard mf_sigpipe_block(void) {
    mf_sigpipe_guard guard;
    sigset_t pipe_only, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    guard.was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_only, &guard.previous);
    return guard;
}

static inline void mf_sigpipe_restore(mf_sigpipe_guard guard) {
    if (!guard.was_pending) {
        sigset_t pipe_only;
        struct timespec now = {0, 0};
        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        while (sigtimedwait(&pipe_only, NULL, &now) == SIGPIPE) {}
    }
    pthread_sigmask(SIG_SETMASK, &guard.previous, NULL);
}

#endif
