#define LOCKSTEP_FINDS_NODE_SYMBOLS
#include "addon.h"

#ifdef _WIN32

#include <windows.h>

#define DEFINE_SYMBOL(name) __typeof__(name) *node_##name;
NODE_SYMBOLS(DEFINE_SYMBOL)

// All threads write the same addresses.
int find_node_symbols(napi_env env) {
  HMODULE node = GetModuleHandleW(NULL);
  const char *missing = NULL;

#define FIND_SYMBOL(name)                                                                                              \
  node_##name = (__typeof__(name) *)(void *)GetProcAddress(node, #name);                                               \
  if (node_##name == NULL) missing = #name;
  NODE_SYMBOLS(FIND_SYMBOL)

  if (missing == NULL) return 1;
  if (node_napi_throw_error != NULL) node_napi_throw_error(env, NULL, missing);
  return 0;
}

// The addon is linked without a C library, which would bring its own entry point.
BOOL WINAPI DllMainCRTStartup(HINSTANCE instance, DWORD reason, LPVOID reserved) {
  (void)instance;
  (void)reason;
  (void)reserved;
  return TRUE;
}

#endif
