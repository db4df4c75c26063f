import type { Clock } from '../../../../../sandbox/counted-time.js';
import { afterUnref, now as read } from '../../../../clock.js';

/** A timer that fires this much too late (milliseconds) tells of a thread, or a process, that stood still. */
const LATE = 50;
/** What such a timer gives the loop to read what has come meanwhile, in milliseconds. */
const REPRIEVE = 100;

interface Alarm {
  at: number;
  readonly delay: number;
  readonly callback: () => void;
  /** Whether it was late once and has been put off. */
  putOff: boolean;
}

/**
 * Time for a hub in the thread of the tests: its timers fire by the event loop, and while the thread
 * is blocked by whoever calls `fireDue`.
 *
 * A timer that comes late by far tells of time in which nothing could happen, e.g. a process that was
 * stopped. What it is about may have happened in the meantime and only not been read: it fires later.
 */
export class HostClock implements Clock {
  readonly #alarms = new Set<Alarm>();
  #stopTimer: (() => void) | undefined;
  #timerAt = Infinity;

  now(): number {
    return read();
  }

  after(delay: number, callback: () => void): () => void {
    const alarm: Alarm = { at: read() + delay, delay, callback, putOff: false };
    this.#alarms.add(alarm);
    this.#arm(alarm.at);

    return () => {
      if (this.#alarms.delete(alarm) && this.#alarms.size === 0) this.#disarm();
    };
  }

  /** Milliseconds to the next timer; Infinity for none. */
  get untilNext(): number {
    let next = Infinity;
    for (const { at } of this.#alarms) next = Math.min(next, at);
    return Math.max(0, next - read());
  }

  /** Fires the timers that are due. */
  fireDue(): void {
    if (this.#alarms.size === 0) return;

    const now = read();
    for (const alarm of [...this.#alarms]) {
      if (alarm.at > now || !this.#alarms.has(alarm)) continue;
      if (now - alarm.at > LATE && !alarm.putOff) {
        alarm.putOff = true;
        alarm.at = now + Math.min(alarm.delay, REPRIEVE);
        this.#arm(alarm.at);
        continue;
      }
      this.#alarms.delete(alarm);
      alarm.callback();
    }
  }

  /** A timer that is set and means nothing would look like work of the app that is still to come. */
  #disarm(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#timerAt = Infinity;
  }

  /** One timer of Node's for all of them, which is left alone where it comes too early. */
  #arm(at: number): void {
    if (this.#timerAt <= at) return;
    this.#stopTimer?.();
    this.#timerAt = at;
    // Whoever waits is kept alive by what it waits for.
    this.#stopTimer = afterUnref(Math.max(1, Math.ceil(at - read())), () => this.#rang());
  }

  #rang(): void {
    this.#disarm();
    this.fireDue();
    if (this.#alarms.size > 0) this.#arm(read() + this.untilNext);
  }
}
