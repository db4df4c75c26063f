import { isOwnFrame } from '../own-frames.js';

/**
 * Appends the frames of the code that waits to the stack of an error from the far side, once. The
 * error stays the same object: the reader sees where it was thrown first, and below it the line of
 * the test. The frames of the wait itself, which lie between the two, are left out.
 */
export function appendTestFrames(error: unknown, below: Caller): void {
  if (!(error instanceof Error)) return;

  const frames = callerFrames(below);
  const [first] = frames;
  if (first === undefined) return;

  try {
    const { stack } = error;
    if (typeof stack !== 'string' || stack.includes(first.trim())) return;
    error.stack = [...stack.split('\n').filter((line) => !isOwn(line)), ...frames].join('\n');
  } catch {
    // A frozen error, or one whose stack is a getter, is shown as it is.
  }
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
 * file, so the frames are chosen before anything is formatted.
 */
function callerFrames(below: Caller): string[] {
  const files = withPrepare(rawFiles, () => capture(below, DEPTH)) as (string | undefined)[];
  const first = files.findIndex(isCallers);
  if (first < 0) return [];

  const length = files.slice(first).findIndex((file) => !isCallers(file));
  const lines = capture(below, length < 0 ? files.length : first + length) as string;
  return lines.split('\n').slice(first + 1);
}

/** Frames looked at: our own between the test and the wait must not use up the default of ten. */
const DEPTH = 30;

type Caller = (...args: never[]) => unknown;

function capture(below: Caller, limit: number): unknown {
  const holder: { stack?: unknown } = {};
  const { stackTraceLimit } = Error;

  Error.stackTraceLimit = limit;
  Error.captureStackTrace(holder, below);
  Error.stackTraceLimit = stackTraceLimit;
  return holder.stack;
}

function withPrepare<T>(prepare: typeof Error.prepareStackTrace, fn: () => T): T {
  const { prepareStackTrace } = Object.getOwnPropertyDescriptors(Error);

  Error.prepareStackTrace = prepare;
  try {
    return fn();
  } finally {
    if (prepareStackTrace) Object.defineProperty(Error, 'prepareStackTrace', prepareStackTrace);
    else delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
  }
}

function rawFiles(_error: Error, sites: NodeJS.CallSite[]): (string | undefined)[] {
  return sites.map((site) => site.getFileName() ?? undefined);
}

function isCallers(file: string | undefined): boolean {
  if (file === undefined || file.startsWith('node:')) return false;
  return !isOwnFrame(file) && !/[\\/]node_modules[\\/]/.test(file);
}
