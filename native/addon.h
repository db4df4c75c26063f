// Lockstep's addon: one turn of the event loop, and system calls on descriptors that Node's API lacks.
// Plain C on Node-API 8, so that one binary a platform serves every Node from 20 on.
#ifndef LOCKSTEP_ADDON_H
#define LOCKSTEP_ADDON_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <uv.h>

#include "node-symbols.h"

// The addon is linked without a C library, so that one binary serves whichever the process has:
// glibc, musl, any of Windows'.
#ifdef _WIN32
#define ALLOCATE(size) HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, (size))
#define RELEASE(block) HeapFree(GetProcessHeap(), 0, (block))
#else
#include <stdlib.h>
#define ALLOCATE(size) calloc(1, (size))
#define RELEASE(block) free(block)
#endif

// Each fills `exports`; none keeps state that threads share.
napi_status export_loop(napi_env env, napi_value exports);
napi_status export_descriptors(napi_env env, napi_value exports);

// Adds a function to `exports`. `data` is what `napi_get_cb_info` gives back to it.
napi_status export_function(napi_env env, napi_value exports, const char *name, napi_callback callback, void *data);

#define RETURN_UNLESS_OK(call)                                                                                         \
  do {                                                                                                                 \
    napi_status status_ = (call);                                                                                      \
    if (status_ != napi_ok) return status_;                                                                            \
  } while (0)

#endif
