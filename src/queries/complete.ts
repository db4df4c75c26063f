/**
 * The name of a method that waits for the answer of what looks like a promise and need not be awaited:
 * a request of `lockstep/supertest`. One for all copies of the package.
 */
export const COMPLETE: unique symbol = Symbol.for('lockstep.complete') as never;

/** Waits for its answer, if it can be waited for; whether that was so. */
export function complete(value: unknown): boolean {
  const { [COMPLETE]: wait } = Object(value) as { [COMPLETE]?: () => void };
  if (wait === undefined) return false;

  wait.call(value);
  return true;
}
