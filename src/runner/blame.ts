import { ConnectionLostError, SandboxLostError } from '../errors.js';

/**
 * What a test fails with that has lost its sandbox. Its own failure is mostly a consequence, and stays
 * what it is, with the loss as its cause; without one it fails with the loss.
 */
export function blame(error: unknown, lost: unknown): unknown {
  if (error === undefined) return lost;
  attribute(error, lost);
  return error;
}

/** Makes the loss the cause of an error that does not tell of it itself. False if that has another cause, or can have none. */
export function attribute(error: unknown, lost: unknown): boolean {
  if (error instanceof SandboxLostError || error instanceof ConnectionLostError) return true;
  if (!(error instanceof Error) || error.cause !== undefined || !Object.isExtensible(error)) return false;
  error.cause = lost;
  return true;
}
