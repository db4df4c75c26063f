import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { BlockedThreadError, BridgeMissingError, SyncTimeoutError } from '../../errors.js';
import { runnerWords } from '../../runner-words.js';
import { pendingWork } from '../diagnostics.js';
import { eventLoop } from '../load-pump.js';
import { native } from '../native.js';
import { canWait, waitingFrame } from '../place.js';
import { withRealTicks } from '../real-ticks.js';
import { replaceProperty } from '../replace.js';
import { state } from '../state.js';
import { waitUntil } from '../wait-until.js';
import { callInWords, readCall, writeCall, type BlockingCall, type BlockingName } from './call.js';
import { startChild, type Child } from './child.js';
import { deliver, resultOf, type ChildResult } from './outcome.js';

/** What the runner knows of this thread. */
export interface ThreadUse {
  /** Whether a sandbox is served by this thread, so that a child that uses it waits where the thread is blocked. */
  servesSandbox(): boolean;
  /** Milliseconds left to the test or hook that runs; undefined while none does. */
  remaining(): number | undefined;
  /** The time of what runs is over, for this reason. */
  usedUp(reason: Error): void;
}

type Original = (...args: unknown[]) => unknown;

/** Milliseconds that a call may block the thread while no test or hook runs. */
const DEFAULT_TIMEOUT = 60_000;

/** The longest that a timer can be set for, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

const NAMES: readonly BlockingName[] = ['execSync', 'execFileSync', 'spawnSync'];

/**
 * Lets `execSync`, `execFileSync` and `spawnSync` have children that use a sandbox of this thread:
 * where a wait is allowed the thread is not blocked, and elsewhere not for good. Returns what puts the
 * originals back.
 */
export function installBlockingChildren(use: ThreadUse): () => void {
  const restore = NAMES.map((name) => replaceProperty(childProcess, name, replacement(name, use)));
  // Whoever has imported them from an ES module sees the properties only so.
  syncBuiltinESMExports();

  return () => {
    for (const step of restore) step();
    syncBuiltinESMExports();
  };
}

function replacement(name: BlockingName, use: ThreadUse): Original {
  const original = childProcess[name] as Original;
  const run: Original = (...args) => {
    const call = use.servesSandbox() ? readCall(name, args) : undefined;
    // What Node refuses, it refuses itself.
    if (call === undefined) return original(...args);

    const child = canWait() && pumpLoads() ? withRealTicks(() => startChild(call)) : undefined;
    return child === undefined ? blocked(original, call, use) : waited(call, child);
  };

  return Object.defineProperties(run, { name: { value: name }, length: { value: original.length } });
}

/** Whether this platform can wait at all: a child that uses no database needs nobody to. */
function pumpLoads(): boolean {
  try {
    eventLoop();
    return true;
  } catch (error) {
    if (error instanceof BridgeMissingError) return false;
    throw error;
  }
}

/** Lets the thread go on until the child has ended. */
function waited(call: BlockingCall, child: Child): unknown {
  const words = callInWords(call);
  const began = native.now();
  const { title } = waitingFrame(words);
  let ended = false;
  try {
    ended = waitUntil(words, () => child.isOver, Infinity);
  } finally {
    // Also when code of the app has thrown meanwhile, which is thrown here.
    if (!ended) child.kill('ETIMEDOUT');
  }
  if (ended) return deliver(call, resultOf(call, child.end()));

  throw new SyncTimeoutError({
    what: `${words} in "${title}" gave up after ${Math.round(native.now() - began)} ms: the child was still running, and has been killed.`,
    why: [`The time of the test or hook was over.`, ...pendingWork()].join('\n    - '),
    remedy: `Look for what the child waits for; for one that is only slow, raise the timeout (${runnerWords().timeout}).`,
  });
}

/** Calls the original, which blocks the thread: for a time at most, if the call itself has no limit. */
function blocked(original: Original, call: BlockingCall, use: ThreadUse): unknown {
  const limit = use.remaining() ?? DEFAULT_TIMEOUT;
  // A person at a breakpoint is not a hang.
  if (call.options.timeout || limit === Infinity) return original(...writeCall(call, call.options));

  const timeout = Math.min(Math.max(1, Math.ceil(limit)), LONGEST_TIMER);
  const args = writeCall(call, { ...call.options, timeout });
  const tooLate = (cause: Error): BlockedThreadError => {
    const reason = blockedThread(call, timeout, cause);
    use.usedUp(reason);
    return reason;
  };
  try {
    const result = original(...args);
    const { error } = (call.name === 'spawnSync' ? result : {}) as Partial<ChildResult>;
    return isTimeout(error) ? { ...(result as ChildResult), error: tooLate(error) } : result;
  } catch (error) {
    if (!isTimeout(error)) throw error;
    const { status, signal, output, pid, stdout, stderr } = error as Error & ChildResult;
    throw Object.assign(tooLate(error), { status, signal, output, pid, stdout, stderr });
  }
}

function isTimeout(error: unknown): error is Error {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ETIMEDOUT';
}

function blockedThread(call: BlockingCall, timeout: number, cause: Error): BlockedThreadError {
  return new BlockedThreadError({
    what: `${callInWords(call)} was ended after ${timeout} ms: its child was still running.`,
    why: `The call blocks this thread, and a Postgres sandbox is served by it: a child that uses the database waits for the sandbox, which waits for the call. ${placeInWords()}`,
    remedy: `Await the async form (${ASYNC_FORM[call.name]}), make the call before the first await of a test or hook, or set database.host: 'worker' in the config. A child that is only slow needs a timeout of its own in the call's options.`,
    cause,
  });
}

const ASYNC_FORM: Readonly<Record<BlockingName, string>> = {
  execSync: 'util.promisify(exec)',
  execFileSync: 'util.promisify(execFile)',
  spawnSync: 'spawn, and its close event',
};

/** Why the call could not be waited for. */
function placeInWords(): string {
  if (canWait() && !pumpLoads()) return 'Nothing can be waited for on this platform (LOCKSTEP_BRIDGE_MISSING).';
  if (state.waiting !== undefined) return `It was made by code that runs while ${state.waiting} is waiting.`;
  return 'Only the synchronous part of a test, hook, schema or seed can wait without blocking: this call was made behind an await, in a callback or at the top level of a file.';
}
