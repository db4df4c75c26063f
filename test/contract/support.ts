import { requireReal } from '#src/engine/swap/index.js';

/**
 * The real driver. By Lockstep's own way in, so that it does not count as a driver that the app has
 * loaded too early.
 */
export function real<Driver>(name: string): Driver {
  return requireReal(name, process.cwd()) as Driver;
}

/** What can be compared of an error: not its class, which is of another copy, nor its stack. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { thrown: error };

  const { code, errno } = error as Error & { code?: unknown; errno?: unknown };
  return { name: error.name, message: error.message, code, errno };
}
