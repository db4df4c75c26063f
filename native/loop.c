// The event loop of the thread that loaded the addon.
#include <stdbool.h>

#include "addon.h"

// Milliseconds for which a turn blocks where it has no limit.
#define LONGEST UINT64_C(1000000000)

typedef struct {
  uv_loop_t *loop;
  // Ends a turn that would block for longer than it may. Active only inside `turn`.
  uv_timer_t alarm;
  bool rang;
  napi_async_cleanup_hook_handle cleanup;
} Pump;

static uint64_t round_up(double milliseconds) {
  uint64_t whole = (uint64_t)milliseconds;

  return whole < milliseconds ? whole + 1 : whole;
}

static void ring(uv_timer_t *alarm) {
  ((Pump *)alarm->data)->rang = true;
}

static Pump *pump_of(napi_env env, napi_callback_info info, size_t *argc, napi_value *argv) {
  void *pump;

  return napi_get_cb_info(env, info, argc, argv, NULL, &pump) == napi_ok ? pump : NULL;
}

static napi_value number(napi_env env, double value) {
  napi_value result;

  return napi_create_double(env, value, &result) == napi_ok ? result : NULL;
}

static napi_value truth(napi_env env, bool value) {
  napi_value result;

  return napi_get_boolean(env, value, &result) == napi_ok ? result : NULL;
}

// turn(limit): runs the loop once, blocking for `limit` milliseconds at most. Returns whether the limit
// ended it. The alarm keeps the loop going meanwhile: without it a loop that only unreferenced handles
// are left in would not block at all.
//
// What a callback of JavaScript throws is pending in V8 when `uv_run` comes back: it is thrown to the
// caller, which is why nothing here may ask Node-API for more than a boolean.
static napi_value turn(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  Pump *pump = pump_of(env, info, &argc, argv);
  double limit;

  if (pump == NULL || napi_get_value_double(env, argv[0], &limit) != napi_ok || !(limit >= 0)) {
    napi_throw_type_error(env, NULL, "turn(limit): limit is a number of milliseconds.");
    return NULL;
  }

  pump->rang = false;
  // The loop's clock stands still while JavaScript runs; a timer started by it would ring too early.
  uv_update_time(pump->loop);
  uv_timer_start(&pump->alarm, ring, limit < LONGEST ? round_up(limit) : LONGEST, 0);
  uv_run(pump->loop, UV_RUN_ONCE);
  uv_timer_stop(&pump->alarm);
  return truth(env, pump->rang);
}

// loopAlive(): whether anything keeps the loop going: active handles that are
// referenced, requests (those in the thread pool among them), handles that are being closed.
static napi_value loop_alive(napi_env env, napi_callback_info info) {
  Pump *pump = pump_of(env, info, NULL, NULL);

  return pump == NULL ? NULL : truth(env, uv_loop_alive(pump->loop) != 0);
}

// backendTimeout(): milliseconds for which the loop would block now; 0 not at all, -1 without limit.
static napi_value backend_timeout(napi_env env, napi_callback_info info) {
  Pump *pump = pump_of(env, info, NULL, NULL);

  return pump == NULL ? NULL : number(env, uv_backend_timeout(pump->loop));
}

// activeRequests(): requests that are not over, those in the thread pool among them: files, look-ups,
// connections being opened, hashes, compression.
static napi_value active_requests(napi_env env, napi_callback_info info) {
  Pump *pump = pump_of(env, info, NULL, NULL);

  return pump == NULL ? NULL : number(env, pump->loop->active_reqs.count);
}

// loopEvents(): events that the loop has received from the system so far, threads of its pool among them.
static napi_value loop_events(napi_env env, napi_callback_info info) {
  Pump *pump = pump_of(env, info, NULL, NULL);
  uv_metrics_t metrics;

  if (pump == NULL || uv_metrics_info(pump->loop, &metrics) != 0) return NULL;
  return number(env, (double)metrics.events);
}

typedef struct {
  uint32_t ports;
  uint32_t sources;
} Unreferenced;

static void count(uv_handle_t *handle, void *counts) {
  if (!uv_is_active(handle) || uv_has_ref(handle)) return;
  switch (uv_handle_get_type(handle)) {
    case UV_ASYNC:
      ((Unreferenced *)counts)->ports += 1;
      break;
    case UV_FS_EVENT:
    case UV_FS_POLL:
    case UV_NAMED_PIPE:
    case UV_POLL:
    case UV_PROCESS:
    case UV_SIGNAL:
    case UV_TCP:
    case UV_TTY:
    case UV_UDP:
      ((Unreferenced *)counts)->sources += 1;
      break;
    default:
      // Timers are known to JavaScript, and the rest belongs to Node.
      break;
  }
}

static Unreferenced unreferenced(const Pump *pump) {
  Unreferenced counts = {0};

  uv_walk(pump->loop, count, &counts);
  return counts;
}

// unreferencedPorts(): handles by which other threads can call in although they do not keep the loop
// going: message ports, workers, threads of addons; some of Node's own among them.
static napi_value unreferenced_ports(napi_env env, napi_callback_info info) {
  Pump *pump = pump_of(env, info, NULL, NULL);

  return pump == NULL ? NULL : number(env, unreferenced(pump).ports);
}

// unreferencedSources(): the same of what the system tells: sockets, pipes, child processes, watched
// files, signals.
static napi_value unreferenced_sources(napi_env env, napi_callback_info info) {
  Pump *pump = pump_of(env, info, NULL, NULL);

  return pump == NULL ? NULL : number(env, unreferenced(pump).sources);
}

static void unreference_poll(uv_handle_t *handle, void *found) {
  if (uv_handle_get_type(handle) != UV_POLL || !uv_is_active(handle) || !uv_has_ref(handle)) return;
  uv_unref(handle);
  *(uint32_t *)found += 1;
}

// unreferencePolls(): lets the loop end although addons watch descriptors (libpq does), of which Node
// knows nothing; how many there were.
static napi_value unreference_polls(napi_env env, napi_callback_info info) {
  Pump *pump = pump_of(env, info, NULL, NULL);
  uint32_t found = 0;

  if (pump == NULL) return NULL;
  uv_walk(pump->loop, unreference_poll, &found);
  return number(env, found);
}

static void closed(uv_handle_t *alarm) {
  Pump *pump = alarm->data;

  // Lets the clean-up of the thread go on.
  napi_remove_async_cleanup_hook(pump->cleanup);
  RELEASE(pump);
}

// A thread's loop must be empty when it ends, or Node aborts the process.
static void clean_up(napi_async_cleanup_hook_handle handle, void *data) {
  Pump *pump = data;

  (void)handle;
  uv_close((uv_handle_t *)&pump->alarm, closed);
}

napi_status export_loop(napi_env env, napi_value exports) {
  Pump *pump = ALLOCATE(sizeof *pump);

  if (pump == NULL) return napi_generic_failure;
  if (napi_get_uv_event_loop(env, &pump->loop) != napi_ok || uv_timer_init(pump->loop, &pump->alarm) != 0) {
    RELEASE(pump);
    return napi_generic_failure;
  }
  pump->alarm.data = pump;
  RETURN_UNLESS_OK(napi_add_async_cleanup_hook(env, clean_up, pump, &pump->cleanup));

  RETURN_UNLESS_OK(export_function(env, exports, "turn", turn, pump));
  RETURN_UNLESS_OK(export_function(env, exports, "loopAlive", loop_alive, pump));
  RETURN_UNLESS_OK(export_function(env, exports, "backendTimeout", backend_timeout, pump));
  RETURN_UNLESS_OK(export_function(env, exports, "activeRequests", active_requests, pump));
  RETURN_UNLESS_OK(export_function(env, exports, "loopEvents", loop_events, pump));
  RETURN_UNLESS_OK(export_function(env, exports, "unreferencePolls", unreference_polls, pump));
  RETURN_UNLESS_OK(export_function(env, exports, "unreferencedPorts", unreferenced_ports, pump));
  return export_function(env, exports, "unreferencedSources", unreferenced_sources, pump);
}
