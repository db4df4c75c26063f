import { isTimerPending, operationsInProgress, ownCallback, timersDue } from '../../bridge/index.js';
import { SyncTimeoutError } from '../../errors.js';
import { fakeClock } from '../../fake-clock.js';
import type { Desk } from '../call.js';
import { checkWaitOptions } from '../request/options.js';
import { outgoingRequests } from './outgoing.js';
import { now, setTimeout } from '../../real-time.js';

/** Milliseconds between two looks. */
const INTERVAL = 2;

/** Looks that have to find nothing, one after the other: work may hand over to other work in between. */
const QUIET = 3;

/** Milliseconds that work may take unless the call says otherwise. */
const DEFAULT = 1000;

/** Options of `client.settle`. */
export interface SettleOptions {
  /** Milliseconds; timers that are due later are not waited for. Default 1000. */
  readonly timeout?: number | undefined;
}

/**
 * Resolves when the app has finished what it was doing: requests that it answers, transactions,
 * requests to other services, file operations, and timers that fire once within the timeout.
 *
 * @throws SyncTimeoutError naming what is not finished.
 */
export async function settle(desk: Desk, { timeout = DEFAULT }: SettleOptions): Promise<void> {
  const deadline = now() + timeout;
  // The loop may have been blocked until behind the deadline: what is due by then gets to happen first.
  let isLast = false;

  for (let quiet = 0; quiet < QUIET;) {
    const work = unfinished(desk, deadline - now());
    if (work.length === 0) quiet += 1;
    else quiet = 0;

    if (work.length > 0 && isLast) throw notSettled(timeout, work);
    isLast = now() >= deadline;
    await pause();
  }
}

/** @throws RequestError for what is no option, and for a timeout that is none. */
export function checkSettle(options: SettleOptions): void {
  checkWaitOptions('client.settle', options);
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(
      ownCallback(() => resolve()),
      INTERVAL,
    );
  });
}

function unfinished(desk: Desk, within: number): string[] {
  const timers = [...timersDue(Math.max(0, within))].filter(isTimerPending).length;

  return [
    ...[...desk.calls].map((call) => call.describe()),
    ...(desk.leftovers?.() ?? []),
    ...outgoingRequests(),
    ...operationsInProgress(),
    ...(timers === 0 ? [] : [`${timers} timer${timers === 1 ? '' : 's'} of the app`]),
  ];
}

function notSettled(timeout: number, work: readonly string[]): SyncTimeoutError {
  const fake = fakeClock();

  return new SyncTimeoutError({
    what: `client.settle: ${timeout} ms later the app was not done: ${work.join('; ')}.`,
    why: fake?.why ?? 'Each of these was begun by the app and has not ended.',
    remedy:
      fake?.remedy ??
      'Let the app finish it (a stream to be closed, a service to be mocked), or give a larger timeout.',
  });
}
