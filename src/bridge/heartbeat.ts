import { ownCallback } from './app-work.js';
import { native } from './native.js';

/** Milliseconds between two beats. */
export const BEAT = 25;

let timer: NodeJS.Timeout | undefined;
let listener: (() => void) | undefined;

/**
 * Calls `onBeat` every {@link BEAT} milliseconds until `stopHeartbeat`, and keeps the event loop
 * alive: it blocks in its poll phase only while some handle is.
 *
 * The timer outlives the wait by a beat, so that waits in quick succession, as a test makes them,
 * share one: arming and clearing one each time is what would cost most in a short wait.
 */
export function startHeartbeat(onBeat: () => void): void {
  listener = onBeat;
  if (timer === undefined) timer = native.setInterval(ownCallback(beat), BEAT);
  else timer.ref();
}

export function stopHeartbeat(): void {
  listener = undefined;
  timer?.unref();
}

/**
 * Stops the beat, and lets a loop that blocks without it wake up after so many milliseconds at the
 * latest. Nothing of it keeps the loop alive. Returns what starts the beat again.
 */
export function pauseHeartbeat(ms: number): () => void {
  native.clearInterval(timer);
  const alarm = native.setTimeout(
    ownCallback(() => undefined),
    ms,
  );
  alarm.unref();

  return () => {
    native.clearTimeout(alarm);
    timer = native.setInterval(ownCallback(beat), BEAT);
  };
}

function beat(): void {
  if (listener !== undefined) return listener();

  native.clearInterval(timer);
  timer = undefined;
}
