// What Node exports and the addon uses. On Linux and macOS the dynamic linker finds it in the process.
// Windows wants to know the file it comes from, which is not always called node.exe: there the process
// is asked for each symbol.
#ifndef LOCKSTEP_NODE_SYMBOLS_H
#define LOCKSTEP_NODE_SYMBOLS_H

#ifdef _WIN32

#define NODE_SYMBOLS(X)                                                                                                \
  X(napi_add_async_cleanup_hook)                                                                                       \
  X(napi_create_double)                                                                                                \
  X(napi_create_function)                                                                                              \
  X(napi_get_boolean)                                                                                                  \
  X(napi_get_cb_info)                                                                                                  \
  X(napi_get_uv_event_loop)                                                                                            \
  X(napi_get_value_double)                                                                                             \
  X(napi_remove_async_cleanup_hook)                                                                                    \
  X(napi_set_named_property)                                                                                           \
  X(napi_throw_error)                                                                                                  \
  X(napi_throw_type_error)                                                                                             \
  X(uv_backend_timeout)                                                                                                \
  X(uv_close)                                                                                                          \
  X(uv_handle_get_type)                                                                                                \
  X(uv_has_ref)                                                                                                        \
  X(uv_is_active)                                                                                                      \
  X(uv_loop_alive)                                                                                                     \
  X(uv_metrics_info)                                                                                                   \
  X(uv_run)                                                                                                            \
  X(uv_timer_init)                                                                                                     \
  X(uv_timer_start)                                                                                                    \
  X(uv_timer_stop)                                                                                                     \
  X(uv_unref)                                                                                                          \
  X(uv_update_time)                                                                                                    \
  X(uv_walk)

#define DECLARE_SYMBOL(name) extern __typeof__(name) *node_##name;
NODE_SYMBOLS(DECLARE_SYMBOL)

// Returns 0 where one is missing, with an exception thrown if there is a way to throw it.
int find_node_symbols(napi_env env);

#ifndef LOCKSTEP_FINDS_NODE_SYMBOLS
#define napi_add_async_cleanup_hook (*node_napi_add_async_cleanup_hook)
#define napi_create_double (*node_napi_create_double)
#define napi_create_function (*node_napi_create_function)
#define napi_get_boolean (*node_napi_get_boolean)
#define napi_get_cb_info (*node_napi_get_cb_info)
#define napi_get_uv_event_loop (*node_napi_get_uv_event_loop)
#define napi_get_value_double (*node_napi_get_value_double)
#define napi_remove_async_cleanup_hook (*node_napi_remove_async_cleanup_hook)
#define napi_set_named_property (*node_napi_set_named_property)
#define napi_throw_error (*node_napi_throw_error)
#define napi_throw_type_error (*node_napi_throw_type_error)
#define uv_backend_timeout (*node_uv_backend_timeout)
#define uv_close (*node_uv_close)
#define uv_handle_get_type (*node_uv_handle_get_type)
#define uv_has_ref (*node_uv_has_ref)
#define uv_is_active (*node_uv_is_active)
#define uv_loop_alive (*node_uv_loop_alive)
#define uv_metrics_info (*node_uv_metrics_info)
#define uv_run (*node_uv_run)
#define uv_timer_init (*node_uv_timer_init)
#define uv_timer_start (*node_uv_timer_start)
#define uv_timer_stop (*node_uv_timer_stop)
#define uv_unref (*node_uv_unref)
#define uv_update_time (*node_uv_update_time)
#define uv_walk (*node_uv_walk)
#endif

#endif

#endif
