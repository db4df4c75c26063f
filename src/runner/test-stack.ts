import { isOwnFrame } from '../own-frames.js';

const FRAME = /^\s+at /;
const NODE = /\bnode:internal\//;

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
