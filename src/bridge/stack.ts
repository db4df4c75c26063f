import { isOwnFrame } from '../own-frames.js';
import { rewriteStack } from './lazy-stack.js';
import { withPrepare } from './prepare-stack.js';

/**
 * Appends the frames of the code that waits to the stack of an error from the far side, unless they
 * are in it. The error stays the same object: the reader sees where it was thrown first, and below it
 * the line of the test. The frames of the wait itself, which lie between the two, are left out.
 */
export function appendTestFrames(error: unknown, below: Caller): void {
  if (!(error instanceof Error)) return;

  const framesOf = callerFrames(below);
  if (framesOf === undefined) return;

  rewriteStack(error, (stack) => {
    const lines = stack.split('\n').filter((line) => !isOwn(line));
    const frames = framesOf();
    const [first] = frames;
    return first === undefined || stack.includes(first.trim()) ? lines.join('\n') : [...lines, ...frames].join('\n');
  });
}

/** Whether a line of a stack is a frame of Lockstep or of its pump; with LOCKSTEP_DEBUG=1 none counts as one. */
function isOwn(line: string): boolean {
  if (!line.startsWith('    at ') || process.env['LOCKSTEP_DEBUG'] === '1') return false;
  return isOwnFrame(line) || /[\\/]node_modules[\\/]deasync[\\/]/.test(line);
}

/**
 * The lines of the caller's own code above `below`: from the first frame outside Lockstep up to
 * where a library (the runner, an assertion) called it.
 *
 * Formatting a frame of a file with a source map costs milliseconds when it is the first of that
 * file, so the frames are chosen before anything is formatted, and formatted when somebody reads them.
 */
function callerFrames(below: Caller): (() => string[]) | undefined {
  const files = withPrepare(rawFiles, () => capture(below, DEPTH).stack) as (string | undefined)[];
  const first = files.findIndex(isCallers);
  if (first < 0) return undefined;

  const length = files.slice(first).findIndex((file) => !isCallers(file));
  const captured = capture(below, length < 0 ? files.length : first + length);
  return () => (captured.stack as string).split('\n').slice(first + 1);
}

/** Frames looked at: our own between the test and the wait must not use up the default of ten. */
const DEPTH = 30;

type Caller = (...args: never[]) => unknown;

/** The frames above `below`, so many at most; formatted when its `stack` is read. */
export function capture(below: Caller, limit: number): { readonly stack?: unknown } {
  const holder: { stack?: unknown } = {};
  const { stackTraceLimit } = Error;

  Error.stackTraceLimit = limit;
  Error.captureStackTrace(holder, below);
  Error.stackTraceLimit = stackTraceLimit;
  return holder;
}

function rawFiles(_error: Error, sites: NodeJS.CallSite[]): (string | undefined)[] {
  return sites.map((site) => site.getFileName() ?? undefined);
}

function isCallers(file: string | undefined): boolean {
  if (file === undefined || file.startsWith('node:')) return false;
  return !isOwnFrame(file) && !/[\\/]node_modules[\\/]/.test(file);
}
