import { createHash } from 'node:crypto';

/** A short name for a list of values, the same for the same values. */
export function fingerprint(values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 16);
}
