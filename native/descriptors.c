// Reading, writing and waiting on descriptors of the system, without the event loop. What the system
// answers is returned, never thrown: bytes, 0 at the end of a file, a negative errno.
#include "addon.h"

#ifdef _WIN32

// Sockets of Windows are no descriptors; whoever calls finds the functions missing.
napi_status export_descriptors(napi_env env, napi_value exports) {
  (void)env;
  (void)exports;
  return napi_ok;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 // macOS; Node ignores SIGPIPE anyway
#endif

// What a pipe takes whole once poll(2) has called it writable, on every system.
#define PIPE_ATOMIC 512

typedef int64_t Microseconds;

static const Microseconds NEVER = INT64_MAX;

static Microseconds now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (Microseconds)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static Microseconds deadline_in(double milliseconds) {
  if (!(milliseconds < 1e12)) return NEVER;
  return now() + (milliseconds > 0 ? (Microseconds)(milliseconds * 1000) : 0);
}

// Events of poll(2), 0 when the deadline passed, or a negative errno.
static int poll_until(int fd, short events, Microseconds deadline) {
  for (;;) {
    int milliseconds = -1;
    if (deadline != NEVER) {
      Microseconds left = deadline - now();
      Microseconds rounded = left <= 0 ? 0 : (left + 999) / 1000;
      milliseconds = rounded > INT_MAX ? INT_MAX : (int)rounded;
    }

    struct pollfd entry = {.fd = fd, .events = events};
    int ready = poll(&entry, 1, milliseconds);
    if (ready > 0) return entry.revents & POLLNVAL ? -EBADF : entry.revents;
    if (ready < 0 && errno != EINTR) return -errno;
    if (deadline != NEVER && now() >= deadline) return 0;
  }
}

static int poll_now(int fd, short events) {
  return poll_until(fd, events, 0);
}

static ssize_t read_now(int fd, char *data, size_t length) {
  ssize_t bytes;

  do bytes = recv(fd, data, length, MSG_DONTWAIT);
  while (bytes < 0 && errno == EINTR);
  if (bytes >= 0) return bytes;
  if (errno != ENOTSOCK) return -errno;

  // A pipe, terminal or file: reading does not block once it is readable.
  int ready = poll_now(fd, POLLIN);
  if (ready <= 0) return ready == 0 ? -EAGAIN : ready;
  do bytes = read(fd, data, length);
  while (bytes < 0 && errno == EINTR);
  return bytes < 0 ? -errno : bytes;
}

static ssize_t write_now(int fd, const char *data, size_t length) {
  ssize_t bytes;

  do bytes = send(fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (bytes < 0 && errno == EINTR);
  if (bytes >= 0) return bytes;
  if (errno != ENOTSOCK) return -errno;

  int ready = poll_now(fd, POLLOUT);
  if (ready <= 0) return ready == 0 ? -EAGAIN : ready;
  int flags = fcntl(fd, F_GETFL);
  // A blocking pipe would wait for the reader to make room for the rest.
  if (flags >= 0 && !(flags & O_NONBLOCK) && length > PIPE_ATOMIC) length = PIPE_ATOMIC;
  do bytes = write(fd, data, length);
  while (bytes < 0 && errno == EINTR);
  return bytes < 0 ? -errno : bytes;
}

static ssize_t read_within(int fd, char *data, size_t length, double spin, double timeout) {
  Microseconds deadline = deadline_in(timeout);
  Microseconds spin_until = deadline_in(spin / 1000);
  ssize_t bytes;

  do {
    bytes = read_now(fd, data, length);
    if (bytes != -EAGAIN) return bytes;
  } while (now() < (spin_until < deadline ? spin_until : deadline));

  do {
    int ready = poll_until(fd, POLLIN, deadline);
    if (ready <= 0) return ready == 0 ? -ETIMEDOUT : ready;
    // Another reader may have been quicker.
    bytes = read_now(fd, data, length);
  } while (bytes == -EAGAIN);
  return bytes;
}

static napi_value integer(napi_env env, int64_t value) {
  napi_value result;

  return napi_create_int64(env, value, &result) == napi_ok ? result : NULL;
}

static napi_value misuse(napi_env env, const char *message) {
  napi_throw_type_error(env, NULL, message);
  return NULL;
}

static bool number_of(napi_env env, napi_value value, double *number) {
  return napi_get_value_double(env, value, number) == napi_ok && !isnan(*number);
}

// The bytes that the arguments (…, buffer, offset, length) name; false unless they lie inside the buffer.
static bool bytes_of(napi_env env, napi_value *argv, char **data, size_t *length) {
  napi_typedarray_type type;
  size_t size;
  void *start;
  double offset, wanted;

  if (napi_get_typedarray_info(env, argv[0], &type, &size, &start, NULL, NULL) != napi_ok) return false;
  if (type != napi_uint8_array || !number_of(env, argv[1], &offset) || !number_of(env, argv[2], &wanted)) return false;
  if (offset < 0 || wanted < 0 || offset + wanted > (double)size) return false;
  *data = (char *)start + (size_t)offset;
  *length = (size_t)wanted;
  return true;
}

#define ARGUMENTS(count)                                                                                               \
  size_t argc = (count);                                                                                               \
  napi_value argv[(count)];                                                                                            \
  int fd;                                                                                                              \
  bool given = napi_get_cb_info(env, info, &argc, argv, NULL, NULL) == napi_ok && argc >= (count) &&                   \
               napi_get_value_int32(env, argv[0], &fd) == napi_ok

// poll(fd, events, timeout)
static napi_value js_poll(napi_env env, napi_callback_info info) {
  ARGUMENTS(3);
  double timeout;
  int events;

  if (!given || napi_get_value_int32(env, argv[1], &events) != napi_ok || !number_of(env, argv[2], &timeout))
    return misuse(env, "poll(fd, events, timeout) takes three numbers.");
  return integer(env, poll_until(fd, (short)events, deadline_in(timeout)));
}

// readNow(fd, buffer, offset, length)
static napi_value js_read_now(napi_env env, napi_callback_info info) {
  ARGUMENTS(4);
  char *data;
  size_t length;

  // Nothing read would be taken for the end of the file.
  if (!given || !bytes_of(env, argv + 1, &data, &length) || length == 0)
    return misuse(env, "readNow(fd, buffer, offset, length): the bytes must lie inside the Uint8Array.");
  return integer(env, read_now(fd, data, length));
}

// writeNow(fd, buffer, offset, length)
static napi_value js_write_now(napi_env env, napi_callback_info info) {
  ARGUMENTS(4);
  char *data;
  size_t length;

  if (!given || !bytes_of(env, argv + 1, &data, &length))
    return misuse(env, "writeNow(fd, buffer, offset, length): the bytes must lie inside the Uint8Array.");
  return integer(env, write_now(fd, data, length));
}

// readWithin(fd, buffer, offset, length, spin, timeout)
static napi_value js_read_within(napi_env env, napi_callback_info info) {
  ARGUMENTS(6);
  char *data;
  size_t length;
  double spin, timeout;

  if (!given || !bytes_of(env, argv + 1, &data, &length) || length == 0)
    return misuse(env, "readWithin(fd, buffer, offset, length, …): the bytes must lie inside the Uint8Array.");
  if (!number_of(env, argv[4], &spin) || !number_of(env, argv[5], &timeout))
    return misuse(env, "readWithin(…, spin, timeout): both are numbers.");
  return integer(env, read_within(fd, data, length, spin, timeout));
}

napi_status export_descriptors(napi_env env, napi_value exports) {
  RETURN_UNLESS_OK(export_function(env, exports, "poll", js_poll, NULL));
  RETURN_UNLESS_OK(export_function(env, exports, "readNow", js_read_now, NULL));
  RETURN_UNLESS_OK(export_function(env, exports, "writeNow", js_write_now, NULL));
  return export_function(env, exports, "readWithin", js_read_within, NULL);
}

#endif
