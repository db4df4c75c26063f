import { fileURLToPath } from 'node:url';
import { isRunnersFrame } from './runner-words.js';

/** Where this package's code lies: this file's folder, or src/ when source maps are on. */
const OWN = ['./', '../src/'].flatMap((folder) => {
  const url = new URL(folder, import.meta.url);
  return [url.href, fileURLToPath(url)];
});

/** Frames looked at beyond the process's limit, so that our own do not use it up. */
const EXTRA = 30;

/** Frames of Node and places that say nothing. */
const NOWHERE = /\bnode:|\((<anonymous>|index \d+)\)$/;

/**
 * Captures an error's stack anew, so that it begins with the line of the user's code that called
 * Lockstep. `LOCKSTEP_DEBUG=1` leaves Lockstep's own frames in place.
 */
export function beginAtCaller(error: Error): void {
  const limit = Error.stackTraceLimit;
  if (process.env['LOCKSTEP_DEBUG'] === '1' || !(limit > 0)) return;

  Error.stackTraceLimit = limit + EXTRA;
  Error.captureStackTrace(error);
  Error.stackTraceLimit = limit;

  const { stack } = error;
  const header = `${error.name}: ${error.message}`;
  // Whoever formats stacks in his own way is not disturbed.
  if (typeof stack !== 'string' || !stack.startsWith(header)) return;
  const frames = stack.slice(header.length).split('\n').slice(1);
  const users = frames.filter((frame) => !isOwnFrame(frame));
  const first = users.findIndex((frame) => !isNobodys(frame));
  const last = users.findLastIndex((frame) => !isNobodys(frame));
  // An error made inside Lockstep's own timers, or for the runner itself, has no caller.
  error.stack = [header, ...users.slice(Math.max(first, 0), last + 1).slice(0, limit)].join('\n');
}

/** Whether a frame calls user's code, or is called for it, but is none. */
function isNobodys(frame: string): boolean {
  return NOWHERE.test(frame) || isRunnersFrame(frame);
}

/** Whether a line of a stack is code of this package. */
export function isOwnFrame(line: string): boolean {
  return OWN.some((folder) => line.includes(folder));
}
