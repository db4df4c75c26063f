import { isOwnFrame } from '../own-frames.js';
import type { Runnable } from './mocha-shapes.js';

const FRAME = /^\s+at /;
const NODE = /\bnode:(internal\/|async_hooks\b)/;

/**
 * Ends the stack of a test's error where Lockstep called the test: mocha cuts off what is its own,
 * and of what is below it Lockstep's frames would be left. With LOCKSTEP_DEBUG=1 they are.
 */
export function endStackAtTest(error: unknown): void {
  if (!(error instanceof Error) || process.env['LOCKSTEP_DEBUG'] === '1') return;
  try {
    const { stack } = error;
    if (typeof stack !== 'string') return;

    const lines = stack.split('\n');
    const last = lines.findLastIndex((line) => !FRAME.test(line) || !(isOwnFrame(line) || NODE.test(line)));
    if (lines.slice(last + 1).some(isOwnFrame)) error.stack = lines.slice(0, last + 1).join('\n');
  } catch {
    // A frozen error is shown as it is.
  }
}

/** Puts the test's file into the stack of an error that no line of the test has thrown. */
export function showTest(error: Error, { title, file }: Runnable): void {
  const { stack } = error;
  if (file === undefined || typeof stack !== 'string' || stack.split('\n').some((line) => FRAME.test(line))) return;

  error.stack = `${stack}\n    at ${title} (${file})`;
}
