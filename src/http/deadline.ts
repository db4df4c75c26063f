/** When a wait that is awaited has to end. */
export interface Deadline {
  /** Milliseconds from now. */
  readonly ms: number;
  /** Whether it was asked for; else it is what the running test has left. */
  readonly own: boolean;
  /** The call that waits, as the test wrote it: `client.async.get("/notes")`. */
  readonly call?: string | undefined;
}

/** Milliseconds by which an awaited wait ends before its test does: its error names the request, the runner's does not. */
const MARGIN = 50;

/**
 * The deadline of a wait that no synchronous wait watches.
 *
 * @param timeout milliseconds that the call or the client asks for
 * @param remaining milliseconds left to the running test
 * @param call names it in messages
 */
export function deadlineOf(
  timeout: number | undefined,
  remaining: (() => number | undefined) | undefined,
  call?: string,
): Deadline | undefined {
  if (timeout !== undefined) return { ms: timeout, own: true, call };

  const left = remaining?.();
  return left === undefined || !Number.isFinite(left)
    ? undefined
    : { ms: Math.max(1, left - MARGIN), own: false, call };
}
