import { findAddon, type Addon } from '../native/addon.js';
import { openHandles } from './handles.js';
import { native } from './native.js';
import { activeResources, holdsBaseline } from './resources.js';
import { unrefTimerDue } from './timers.js';
import { endingV8Work, waitsForThread } from './v8-work.js';

/** Milliseconds to the first look, and from one to the next while nothing keeps the loop going. */
const SOON = 4;

/** The same while something does, and events arrive. */
const LATER = 25;

/** Milliseconds for which the loop must be empty. */
const EMPTY = 12;

/** The same where a handle that does not keep the loop going may call in all the same. */
const GRACE = 150;

/** Such handles that were there before the app. */
let ownPorts = 0;
let ownSources = 0;

/** Declares all handles that do not keep the loop going at this moment to be no part of the app. */
export function takePortsBaseline(): void {
  const addon = findAddon();

  ownPorts = addon?.unreferencedPorts() ?? 0;
  ownSources = addon?.unreferencedSources() ?? 0;
}

/**
 * Tells from what libuv knows whether anything is left that could end a wait: handles, requests, work
 * in the thread pool.
 */
export class DeadlockWatch {
  readonly #addon: Addon;
  readonly #deadline: number;
  #due: number;
  #events: number | undefined;
  #emptySince: number | undefined;

  constructor(addon: Addon, deadline: number) {
    this.#addon = addon;
    this.#deadline = deadline;
    this.#due = native.now() + SOON;
  }

  /** When to look next; Infinity while only an event can change the picture. */
  get due(): number {
    return this.#due;
  }

  /** To be told that something other than the limit ended a turn. */
  stir(): void {
    if (this.#due === Infinity) this.#due = native.now() + SOON;
  }

  /** Looks if it is time to. */
  isDeadlock(now: number): boolean {
    if (now < this.#due) return false;
    if (this.#isEmpty(now)) return this.#lasts(now);

    const events = this.#addon.loopEvents();
    this.#due = events === this.#events ? Infinity : now + LATER;
    this.#events = events;
    this.#emptySince = undefined;
    return false;
  }

  #isEmpty(now: number): boolean {
    if (this.#addon.loopAlive() && !this.#isOnlyBaseline()) return false;
    // However long another thread takes: it is a busy machine that would make the difference.
    if (waitsForThread() && this.#hasOthers()) return false;
    return endingV8Work().length === 0 && !unrefTimerDue(this.#deadline - now);
  }

  /** Whether nothing keeps the loop going but what was there before the app. */
  #isOnlyBaseline(): boolean {
    if (!holdsBaseline() || activeResources().length > 0) return false;

    // Node's list of active resources lacks what runs in the thread pool.
    const held = openHandles();
    for (const handle of held) handle.unref?.();
    try {
      return !this.#addon.loopAlive();
    } finally {
      for (const handle of held) handle.ref?.();
    }
  }

  #lasts(now: number): boolean {
    this.#due = now + SOON;
    this.#emptySince ??= now;
    return now - this.#emptySince >= (this.#mayBeCalled() ? GRACE : EMPTY);
  }

  #mayBeCalled(): boolean {
    return waitsForThread() || this.#hasOthers();
  }

  /** Whether the app has handles, such as those of a worker, that do not keep the loop going and may call in. */
  #hasOthers(): boolean {
    return this.#addon.unreferencedPorts() > ownPorts || this.#addon.unreferencedSources() > ownSources;
  }
}
