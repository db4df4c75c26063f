import { capture } from './stack.js';

/** Frames looked at: between a release and the write lie those of the driver. */
const DEPTH = 60;

/**
 * Functions by which pools and queues give a connection back, and within which the next in line is
 * served: `_release` (pg-pool; not `_pulseQueue`, by which whoever asks is served too), `release`, `onopen`
 * (postgres.js), `_dispense` (sequelize-pool, generic-pool), `_tryAcquireOrCreate` (tarn), `#tryToStartAnother`,
 * `dequeue` (queues of apps).
 */
const GIVING =
  /^([#_]?release\w*|[#_]?dispense\w*|_?tryAcquireOrCreate|[#_]?tryToStartAnother|onopen|[#_]?dequeue|#next)$/i;

/**
 * Whether the code that runs now is below a function that serves the next in line. What it does may
 * then be another's than that of the async context, in which it merely goes on.
 */
export function handsOn(): boolean {
  const { stack } = capture(handsOn, DEPTH);
  // Whoever formats stacks in his own way leaves nothing to be read: then it is not certain either.
  return typeof stack !== 'string' || namesOf(stack).some((name) => GIVING.test(name));
}

/** Names of the functions on a stack, the innermost first, those that are awaited too. */
export function namesOf(stack: string): string[] {
  return stack.split('\n').flatMap((line) => {
    const [, called] = /^ +at (?:async )?(?:new )?([^ (]+(?: \[as [^\]]+\])?) \(/.exec(line) ?? [];
    if (called === undefined) return [];
    const [name = called] = /\[as ([^\]]+)\]/.exec(line)?.slice(1) ?? [];
    return [name.slice(name.lastIndexOf('.') + 1)];
  });
}
