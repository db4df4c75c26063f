import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { now } from './real-time.js';

let last = 0;

/**
 * With `LOCKSTEP_DEBUG=start`, writes to stderr that a phase of the start is over: milliseconds since the
 * process began, those since the line before, and what they went into. Undefined otherwise.
 */
export const phaseOver: ((what: string) => void) | undefined =
  process.env['LOCKSTEP_DEBUG'] === 'start' && isMainThread ? write : undefined;

function write(what: string): void {
  const time = now();
  // Synchronously: what ends the process early is the more interesting.
  writeSync(2, `[lockstep start] ${column(time)} ms ${column(time - last, '+')}  ${what}\n`);
  last = time;
}

function column(milliseconds: number, sign = ''): string {
  return `${sign}${milliseconds.toFixed(0)}`.padStart(6);
}

phaseOver?.('Node and the test runner have started');
if (phaseOver) process.once('exit', () => phaseOver('the process ends'));
