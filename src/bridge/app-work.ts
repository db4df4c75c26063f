import { state } from './state.js';
import { now } from '../real-time.js';

/** The parts of Node's Timeout that are used (lib/internal/timers.js). */
interface Timer {
  readonly _repeat?: number | null;
  /** Milliseconds. */
  readonly _idleTimeout?: number;
  readonly _destroyed?: boolean;
  hasRef?(): boolean;
}

const NONE: ReadonlySet<object> = new Set();

/** When each timer was set that code of the app set. */
const timers = new Map<object, number>();

/** Callbacks of timers that are Lockstep's own. */
const own = new WeakSet<object>();

/** Marks a timer's callback as Lockstep's own. */
export function ownCallback<F extends (...args: never[]) => unknown>(callback: F): F {
  own.add(callback);
  return callback;
}

export function isOwnCallback(callback: object): boolean {
  return own.has(callback);
}

/** To be told of each timer that is set: what runs while a test waits is the app. */
export function noteTimer(timer: object, callback: object): void {
  if (state.waiting !== undefined && !isOwnCallback(callback)) timers.set(timer, now());
}

/** To be told of each timer that has fired or was cleared. */
export function forgetTimer(timer: object): void {
  timers.delete(timer);
}

/**
 * Timers that code of the app has set while a test waited, and that will fire once within
 * `within` milliseconds from now. Intervals are no work that ends, and what does not keep the
 * process alive is no work that anybody waits for.
 */
export function timersDue(within: number): ReadonlySet<object> {
  // Asked at the end of every test.
  if (timers.size === 0) return NONE;
  const due = new Set<object>();

  for (const [timer, since] of timers) {
    const { _repeat, _idleTimeout = -1, _destroyed } = timer as Timer;
    if (_destroyed === true || _idleTimeout < 0) timers.delete(timer);
    else if (!_repeat && (timer as Timer).hasRef?.() !== false && since + _idleTimeout - now() <= within)
      due.add(timer);
  }
  return due;
}

/** Whether a timer that {@link timersDue} gave has still to fire. */
export function isTimerPending(timer: object): boolean {
  return timers.has(timer) && (timer as Timer)._destroyed !== true;
}

/** Names, as Node has them, of what ends by itself: file operations, look-ups, connections being opened. */
const TRANSIENT: Readonly<Record<string, string>> = {
  FSReqCallback: 'file operation',
  FSReqPromise: 'file operation',
  CloseReq: 'file operation',
  GetAddrInfoReqWrap: 'DNS look-up',
  GetNameInfoReqWrap: 'DNS look-up',
  TCPConnectWrap: 'TCP connection being opened',
  PipeConnectWrap: 'Unix socket being opened',
};

/** Operations of Node in progress, in words, each kind once. */
export function operationsInProgress(): string[] {
  const found = process.getActiveResourcesInfo().flatMap((name) => TRANSIENT[name] ?? []);
  return [...new Set(found)];
}
