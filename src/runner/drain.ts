/** Milliseconds between two looks. */
const INTERVAL = 2;

// Captured: a test's fake timers must not stop the end of that test.
const { setImmediate, setTimeout } = globalThis;

/** Waits, without blocking, until `done()` or until `limit` milliseconds have passed. */
export async function drained(done: () => boolean, limit: number): Promise<boolean> {
  const deadline = performance.now() + limit;

  while (!done()) {
    if (performance.now() >= deadline) return false;
    await new Promise<void>((resolve) => setTimeout(resolve, INTERVAL));
  }
  return true;
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
