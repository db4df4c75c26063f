import { writeSync } from 'node:fs';
import { native } from './native.js';

/**
 * Writes a line to stderr; undefined without `LOCKSTEP_DEBUG=1`, so that `debug?.(…)` costs nothing
 * and does not even build its text.
 */
export const debug: ((line: string) => void) | undefined =
  process.env['LOCKSTEP_DEBUG'] === '1'
    ? (line) => {
        // Synchronously: a line that a hang or crash swallows is of no use.
        writeSync(2, `[lockstep +${native.now().toFixed(1)} ms] ${line}\n`);
      }
    : undefined;
