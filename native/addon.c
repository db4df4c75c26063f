#include "addon.h"

// Tells which sources a binary was made of.
__attribute__((used)) static const char made_of[] = "lockstep-native " LOCKSTEP_SOURCE;

napi_status export_function(napi_env env, napi_value exports, const char *name, napi_callback callback, void *data) {
  napi_value function;

  RETURN_UNLESS_OK(napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function));
  return napi_set_named_property(env, exports, name, function);
}

// Called once for each thread that loads the addon.
NAPI_MODULE_INIT() {
#ifdef _WIN32
  if (!find_node_symbols(env)) return NULL;
#endif
  if (export_loop(env, exports) != napi_ok || export_descriptors(env, exports) != napi_ok) {
    napi_throw_error(env, NULL, "Lockstep's addon could not fill its exports.");
    return NULL;
  }
  return exports;
}
