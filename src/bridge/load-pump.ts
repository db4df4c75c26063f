import { createRequire } from 'node:module';
import { BridgeMissingError } from '../errors.js';
import { loadAddon } from '../native/addon.js';
import { addonPump } from './addon-pump.js';
import { debug } from './debug.js';
import { deasyncPump } from './deasync-pump.js';
import type { Deasync } from './empty-loop.js';
import type { EventLoop } from './event-loop.js';

let loop: EventLoop | undefined;

/**
 * Loads the pump at first use, so that a session alone never needs it: our own addon, or deasync where
 * that has no binary.
 *
 * @throws BridgeMissingError when neither loads on this platform and Node version.
 */
export function eventLoop(): EventLoop {
  return (loop ??= load());
}

type Pump = 'addon' | 'deasync';

const pumps: Readonly<Record<Pump, (tick: () => void) => EventLoop>> = {
  addon: (tick) => addonPump(loadAddon(), tick),
  deasync: (tick) => deasyncPump(createRequire(import.meta.url)('deasync') as Deasync, tick),
};

function load(): EventLoop {
  // Not part of Node's typed API, but what deasync itself has always relied on.
  const { _tickCallback } = process as unknown as { _tickCallback?: () => void };
  if (_tickCallback === undefined) throw noTicks();

  const failures: Failure[] = [];
  for (const name of wanted()) {
    try {
      const loop = pumps[name](_tickCallback.bind(process));
      debug?.(`the pump is ${WORDS[name]}`);
      return loop;
    } catch (cause) {
      failures.push({ name, cause });
    }
  }
  throw missing(failures);
}

/** `LOCKSTEP_PUMP` leaves one of them only: to test it, or to tell whether the other is to blame. */
function wanted(): Pump[] {
  const names = Object.keys(pumps) as Pump[];
  const { LOCKSTEP_PUMP: only } = process.env;
  if (!only) return names;

  const [name] = names.filter((known) => known === only);
  if (name !== undefined) return [name];
  throw new BridgeMissingError({
    what: `Lockstep cannot wait: LOCKSTEP_PUMP is "${only}".`,
    why: 'The environment variable names the native addon that runs the event loop while a test waits.',
    remedy: `Set it to ${names.map((known) => `"${known}"`).join(' or ')}, or unset it for the first of them that loads.`,
  });
}

interface Failure {
  readonly name: Pump;
  readonly cause: unknown;
}

const WORDS: Readonly<Record<Pump, string>> = { addon: "Lockstep's own addon", deasync: 'deasync' };

function missing(failures: readonly Failure[]): BridgeMissingError {
  const { platform, arch, version } = process;
  const reasons = failures.map(({ name, cause }) => `${WORDS[name]}: ${firstLine(cause)}`);

  return new BridgeMissingError({
    what: `Lockstep cannot wait: its native addon does not load on ${platform}-${arch} with Node ${version}.`,
    why: `Of ${reasons.join('; of ')}.`,
    remedy:
      'docs/platforms.md lists the platforms with a binary. Elsewhere run `npm install deasync` and `npm rebuild deasync` with a C++ compiler, make and python3 on the machine, and allow its install script if your npm asks for it (`npm install-scripts approve deasync`).',
    cause: failures[0]?.cause,
  });
}

function noTicks(): BridgeMissingError {
  return new BridgeMissingError({
    what: `Lockstep cannot wait on Node ${process.version}: process._tickCallback is not there.`,
    why: 'It is how the nextTick queue is run while a test waits, and something has taken it away, or this Node never had it.',
    remedy: 'Look for a package or preloaded script that deletes it; other JavaScript runtimes than Node do not work.',
  });
}

function firstLine(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split('\n')[0] ?? cause.name) : String(cause);
}
