import type { LeftOpen } from '../../bridge/index.js';
import { letGo } from '../let-go.js';
import { clearInterval, setInterval, setTimeout } from '../../real-time.js';

/** Milliseconds between two looks. */
const INTERVAL = 50;
/** Milliseconds that what is about to end gets to do so. */
const GRACE = 200;

/**
 * Lets the process end by itself when mocha is done, whatever the app has left open, and says in a
 * warning what that was. To be called from `mochaGlobalTeardown`.
 *
 * mocha without --exit waits for the process to run out of work. Its last step, behind all global
 * teardowns, is a listener of `exit` that sets the exit code (exitMochaLater in lib/cli/run-helpers
 * of mocha 10, 11 and 12). Before it is there, a teardown may need whatever is open, e.g. a child
 * process that stops a container. Where it never comes (watch mode, mocha used as a library)
 * nothing is touched. None of these timers keeps the process alive.
 */
export function letProcessEnd(leftOpen: LeftOpen): void {
  const before = new Set(process.listeners('exit'));
  const isDone = (): boolean =>
    process.listeners('exit').some((listener) => !before.has(listener) && setsCode(listener));

  const looking = setInterval(() => {
    if (!isDone()) return;
    clearInterval(looking);
    setTimeout(() => letGo(leftOpen), GRACE).unref();
  }, INTERVAL);
  looking.unref();
}

function setsCode(listener: NodeJS.ExitListener): boolean {
  return String(listener).includes('exitCode');
}
