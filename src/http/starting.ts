import type { Desk } from './call.js';
import type { Deadline } from './deadline.js';
import { AppError } from '../errors.js';
import type { Line } from './exchange.js';
import { clearTimeout, setTimeout } from '../real-time.js';

/**
 * Waits for the app's start, on behalf of a call that is no request.
 *
 * @throws what the app could not be started for; AppError when the deadline passes before.
 */
export async function startedWithin(desk: Desk, deadline: Deadline | undefined): Promise<Line> {
  const starting = new Starting();
  if (deadline === undefined) return starting.wait(desk);

  const timer = setTimeout(() => starting.giveUp(lateStart(deadline.ms)), deadline.ms);
  // As with requests: a deadline that nobody asked for keeps nothing alive.
  if (!deadline.own) timer.unref();
  try {
    return await starting.wait(desk);
  } finally {
    clearTimeout(timer);
  }
}

function lateStart(ms: number): AppError {
  return new AppError({
    what: `client.async.origin(): the app has not started within ${Math.round(ms)} ms.`,
    why: 'It has no address before it has started, and its start (a promise of the app, ready(), init() or lifespan.start) has neither ended nor failed.',
    remedy: 'Look for a promise in its start that never settles; for a start that is only slow, raise client.timeout.',
  });
}

/** One call's wait for the app's start. The call may give it up; the app goes on starting. */
export class Starting {
  #giveUp: (reason: Error) => void = () => undefined;

  /** @throws what the app could not be started for, or the reason to give it up. */
  wait(desk: Desk): Promise<Line> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      desk.begin().then(resolve, reject);
    });
  }

  giveUp(reason: Error): void {
    this.#giveUp(reason);
  }
}
