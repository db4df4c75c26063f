/**
 * What a test fails with that has lost its sandbox. Its own failure is mostly a consequence, and stays
 * what it is, with the loss as its cause; without one it fails with the loss.
 */
export function blame(error: unknown, lost: unknown): unknown {
  if (error === undefined) return lost;
  if (error instanceof Error && error.cause === undefined && Object.isExtensible(error)) error.cause = lost;
  return error;
}
