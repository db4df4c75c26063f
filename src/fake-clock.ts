import * as real from './real-time.js';
import { type Realm, realms } from './realms.js';

/** What @sinonjs/fake-timers (sinon, Jest) leaves on the functions that it replaces. */
interface Faked {
  readonly clock?: unknown;
}

/** A function that sets a timer of one kind, and the one that takes it away. */
interface Kind {
  readonly name: 'setTimeout' | 'setInterval' | 'setImmediate';
  readonly clear: 'clearTimeout' | 'clearInterval' | 'clearImmediate';
  /** What Node's own makes. */
  sample(): object;
}

const HOUR = 3_600_000;
const nothing = (): void => undefined;

const KINDS: readonly Kind[] = [
  {
    name: 'setTimeout',
    clear: 'clearTimeout',
    sample: () => sampled(real.setTimeout(nothing, HOUR), real.clearTimeout),
  },
  {
    name: 'setInterval',
    clear: 'clearInterval',
    sample: () => sampled(real.setInterval(nothing, HOUR), real.clearInterval),
  },
  {
    name: 'setImmediate',
    clear: 'clearImmediate',
    sample: () => sampled(real.setImmediate(nothing), real.clearImmediate),
  },
];

/* eslint-disable no-restricted-properties -- what others may have put there is looked at */

/** The functions that defer work and that a fake clock has replaced somewhere, by name. */
function fakedFunctions(ticks: boolean): string[] {
  const faked: string[] = KINDS.filter((kind) => realms().some((realm) => isFake(realm, kind))).map(({ name }) => name);

  if (!ticks) return faked;
  if (realms().some(({ process }) => (process?.nextTick as Faked | undefined)?.clock !== undefined))
    faked.push('nextTick');
  if (realms().some(({ queueMicrotask }) => (queueMicrotask as Faked | undefined)?.clock !== undefined))
    faked.push('queueMicrotask');
  return faked;
}

/* eslint-enable no-restricted-properties */

/** What a tracer puts in the place of Node's function hands on to it, and so returns what Node's own returns. */
function isFake(realm: Realm, kind: Kind): boolean {
  const { name, clear } = kind;
  const set = realm[name];
  if (set === undefined || set === real[name]) return false;
  try {
    const timer = set.call(realm, nothing, HOUR);
    realm[clear]?.call(realm, timer as never);
    return Object.getPrototypeOf(timer) !== Object.getPrototypeOf(kind.sample());
  } catch {
    return true;
  }
}

function sampled<T extends object>(timer: T, clear: (timer: T) => void): T {
  clear(timer);
  return timer;
}

/** By which a message that says it is known. */
export const FAKE = 'The clock is fake';

/** Why a wait may not have ended, and what to do about it. */
export interface FakeClock {
  readonly why: string;
  readonly remedy: string;
}

/**
 * Tells of a fake clock that may be what a wait waits for; undefined while time is real.
 *
 * @param ticks whether nextTick and queueMicrotask count: a synchronous wait has Node's own
 */
export function fakeClock(ticks = true): FakeClock | undefined {
  const faked = fakedFunctions(ticks);
  const last = faked.pop();
  if (last === undefined) return undefined;

  const names = faked.length === 0 ? `${last} is` : `${faked.join(', ')} and ${last} are`;
  return {
    why: `${FAKE}: ${names} not Node's own, and what waits for them goes on only when the test moves the clock.`,
    remedy:
      "Fake only what the test is about, e.g. { toFake: ['Date'] } of sinon or { apis: ['Date'] } of mock.timers, let the clock run by itself (shouldAdvanceTime: true), or move it in the work that is waited for: sync(() => clock.tickAsync(1000)).",
  };
}
