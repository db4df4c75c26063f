// Loads the addon into a program on musl, in place of a Node on musl: every symbol that it asks for has
// to be found. What the addon exports is called as Node-API would call it, on a pipe.
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// Values of JavaScript here are pointers to these.
typedef struct {
  double number;
  uint8_t *bytes;
  size_t length;
} Value;

typedef Value *(*Callback)(void *env, void *info);

typedef struct {
  size_t count;
  Value **values;
  void *data;
} Call;

static struct {
  const char *name;
  Callback callback;
  void *data;
} exports[32];
static int exported;
static Value created[32];
static Value *last_created = created;
static bool thrown;

int napi_create_function(void *env, const char *name, size_t length, Callback callback, void *data, Value **result) {
  exports[exported].name = name;
  exports[exported].callback = callback;
  exports[exported].data = data;
  *result = NULL;
  exported += 1;
  return 0;
}

int napi_get_cb_info(void *env, Call *info, size_t *count, Value **values, Value **self, void **data) {
  if (count != NULL) {
    for (size_t i = 0; i < *count && i < info->count; i++) values[i] = info->values[i];
    *count = info->count;
  }
  if (data != NULL) *data = info->data;
  return 0;
}

int napi_create_int64(void *env, int64_t number, Value **result) {
  *result = last_created++;
  (*result)->number = number;
  return 0;
}

int napi_get_value_double(void *env, Value *value, double *number) {
  *number = value->number;
  return 0;
}

int napi_get_value_int32(void *env, Value *value, int32_t *number) {
  *number = value->number;
  return 0;
}

int napi_get_typedarray_info(void *env, Value *value, int *type, size_t *length, void **data, void *buffer, void *offset) {
  *type = 1; // napi_uint8_array
  *length = value->length;
  *data = value->bytes;
  return 0;
}

int napi_throw_error(void *env, const char *code, const char *message) {
  thrown = true;
  return 0;
}

int napi_throw_type_error(void *env, const char *code, const char *message) {
  return napi_throw_error(env, code, message);
}

#define STAND_IN(name)                                                                                                 \
  int name(void) {                                                                                                     \
    return 0;                                                                                                          \
  }
STAND_IN(napi_add_async_cleanup_hook)
STAND_IN(napi_create_double)
STAND_IN(napi_get_boolean)
STAND_IN(napi_get_uv_event_loop)
STAND_IN(napi_remove_async_cleanup_hook)
STAND_IN(napi_set_named_property)
STAND_IN(uv_backend_timeout)
STAND_IN(uv_close)
STAND_IN(uv_handle_get_type)
STAND_IN(uv_has_ref)
STAND_IN(uv_is_active)
STAND_IN(uv_loop_alive)
STAND_IN(uv_metrics_info)
STAND_IN(uv_run)
STAND_IN(uv_timer_init)
STAND_IN(uv_timer_start)
STAND_IN(uv_timer_stop)
STAND_IN(uv_update_time)
STAND_IN(uv_walk)

static double call(const char *name, size_t count, Value **values) {
  for (int i = 0; i < exported; i++) {
    if (strcmp(exports[i].name, name) != 0) continue;
    Call info = {count, values, exports[i].data};
    Value *result = exports[i].callback(NULL, &info);
    return result == NULL || thrown ? -1e9 : result->number;
  }
  return -1e9;
}

static int failures;

static void expect(const char *what, double found, double wanted) {
  printf("%-50s %g\n", what, found);
  if (found == wanted) return;
  printf("  expected %g\n", wanted);
  failures += 1;
}

int main(int count, char **arguments) {
  int pipe_ends[2];
  uint8_t bytes[8] = "hello";
  void *addon = count == 2 ? dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (addon == NULL || pipe(pipe_ends) != 0) {
    printf("%s\n", count == 2 ? dlerror() : "usage: on-musl lockstep.node");
    return 1;
  }
  void *(*init)(void *, void *);
  *(void **)&init = dlsym(addon, "napi_register_module_v1");
  init(NULL, NULL);

  Value reader = {.number = pipe_ends[0]}, writer = {.number = pipe_ends[1]};
  Value buffer = {.bytes = bytes, .length = sizeof bytes};
  Value zero = {0}, five = {.number = 5}, ten = {.number = 10}, in = {.number = 1};

  expect("exported functions", exported, 10);
  expect("readNow of an empty pipe", call("readNow", 4, (Value *[]){&reader, &buffer, &zero, &five}), -EAGAIN);
  expect("readWithin of an empty pipe",
         call("readWithin", 6, (Value *[]){&reader, &buffer, &zero, &five, &ten, &ten}), -ETIMEDOUT);
  expect("writeNow", call("writeNow", 4, (Value *[]){&writer, &buffer, &zero, &five}), 5);
  expect("poll", call("poll", 3, (Value *[]){&reader, &in, &ten}), 1);
  expect("readWithin", call("readWithin", 6, (Value *[]){&reader, &buffer, &zero, &five, &ten, &ten}), 5);
  close(pipe_ends[1]);
  expect("readNow at the end", call("readNow", 4, (Value *[]){&reader, &buffer, &zero, &five}), 0);
  return failures > 0;
}
