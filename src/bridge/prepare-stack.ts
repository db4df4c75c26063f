/** Calls `fn` with `prepare` as the one who formats stacks (`Error.prepareStackTrace`). */
export function withPrepare<T>(prepare: typeof Error.prepareStackTrace, fn: () => T): T {
  const former = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');

  Error.prepareStackTrace = prepare;
  try {
    return fn();
  } finally {
    if (former) Object.defineProperty(Error, 'prepareStackTrace', former);
    else delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
  }
}
