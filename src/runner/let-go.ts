import type { LeftOpen } from '../bridge/index.js';
import { clearInterval, setInterval } from '../real-time.js';
import { runnerWords } from '../runner-words.js';

/** Milliseconds between two looks at what was opened meanwhile. */
const AGAIN = 200;

/**
 * Lets the process end by itself, whatever the app has left open, and says in a warning what that was. To be called
 * when nothing of the run is to come. Its timers do not keep the process alive.
 */
export function letGo(leftOpen: LeftOpen): void {
  const open = leftOpen.release();
  if (open.length > 0) warn(open);

  // What is at work may open something more, e.g. connect anew; this was said already.
  const again = setInterval(() => void leftOpen.release(), AGAIN);
  again.unref();
  // From there on only listeners of `beforeExit` open anything, and they may finish.
  process.once('beforeExit', () => clearInterval(again));
}

function warn(open: readonly string[]): void {
  process.emitWarning(
    `The tests are over, and this would have kept the process alive:\n${open.map((line) => `  - ${line}\n`).join('')}` +
      `  It was let go. Close it in ${runnerWords().lastHook}, or do not open it where the app is imported ` +
      '(app.listen belongs into a file of its own). LOCKSTEP_TRACE=1 shows where it was created.',
    { code: 'LOCKSTEP_LEFT_OPEN' },
  );
}
