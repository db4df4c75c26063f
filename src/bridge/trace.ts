import { createHook, executionAsyncId } from 'node:async_hooks';
import { isOwnFrame } from '../own-frames.js';
import { isRunnersFrame } from '../runner-words.js';
import { withOwnFrames } from './own-stacks.js';

/** The async resources whose origin is worth knowing (names of src/async_wrap.h), in words. */
const WORDS: Readonly<Record<string, string>> = {
  Timeout: 'timer',
  TCPWRAP: 'TCP socket',
  TCPSERVERWRAP: 'TCP server',
  PIPEWRAP: 'pipe or Unix socket',
  PIPESERVERWRAP: 'Unix socket server',
  UDPWRAP: 'UDP socket',
  FSREQCALLBACK: 'file operation',
  FSREQPROMISE: 'file operation',
  FILEHANDLECLOSEREQ: 'file operation',
  FSEVENTWRAP: 'file watcher',
  STATWATCHER: 'file watcher',
  GETADDRINFOREQWRAP: 'DNS look-up',
  GETNAMEINFOREQWRAP: 'DNS look-up',
  PROCESSWRAP: 'child process',
  WORKER: 'worker thread',
  MESSAGEPORT: 'message port',
};

/** Lines shown by one error; the newest resources are the likeliest culprits. */
const SHOWN = 10;

interface Traced {
  readonly what: string;
  readonly place: string;
  readonly resource: WeakRef<{ hasRef?(): boolean }>;
}

const traced = new Map<number, Traced>();

/** Where every resource comes from, so that what C++ makes can be told by what led to it. */
const places = new Map<number, string>();

/** Whether `LOCKSTEP_TRACE=1` is set. */
export const tracing: boolean = process.env['LOCKSTEP_TRACE'] === '1';

/**
 * Remembers where timers, sockets and the like are created: a stack for each of them, which is why
 * it is off without `LOCKSTEP_TRACE=1`. Returns what ends it.
 */
export function traceResources(): () => void {
  if (!tracing) return () => undefined;

  const hook = createHook({
    init(id, type, trigger, resource) {
      const nearest = creator();
      if (nearest === OURS) return;
      const place = nearest ?? places.get(executionAsyncId()) ?? places.get(trigger);
      if (place === undefined) return;

      places.set(id, place);
      const what = WORDS[type];
      if (what) traced.set(id, { what, place, resource: new WeakRef(resource) });
    },
    destroy(id) {
      traced.delete(id);
      places.delete(id);
    },
  });

  hook.enable();
  return () => {
    hook.disable();
    traced.clear();
    places.clear();
  };
}

/** What is traced and still keeps the event loop alive, newest first: `timer, created at …`. */
export function tracedResources(): string[] {
  const open = [...traced.values()].filter(({ resource }) => {
    const object = resource.deref();
    return object !== undefined && object.hasRef?.() !== false;
  });

  return open
    .reverse()
    .slice(0, SHOWN)
    .map(({ what, place }) => `${what}, created ${place}`);
}

/** In place of a frame: Lockstep or the runner itself. */
const OURS = Symbol('ours');

/** The frame of the user's code that is creating something; undefined for what C++ creates. */
function creator(): string | typeof OURS | undefined {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;

  Error.stackTraceLimit = 30;
  Error.captureStackTrace(holder, creator);
  Error.stackTraceLimit = limit;

  // The first frame is that of the hook.
  const [, , ...lines] = (withOwnFrames(() => holder.stack) ?? '').split('\n');
  const frames = lines.filter((line) => !line.includes('node:') && !(isOwnFrame(line) && GUARDS.test(line)));
  const [nearest] = frames;
  if (nearest === undefined || PUMP.test(nearest)) return undefined;
  if (isOurs(nearest)) return OURS;

  // The app's own code says more than the package that it calls.
  const own = frames.find((frame) => !isOurs(frame) && !/[\\/]node_modules[\\/]/.test(frame)) ?? nearest;
  return own.trim();
}

// Between Node and the app's code.
const GUARDS = /[\\/]bridge[\\/](?:guard(?:ed|-handles|-ports)?|timers|assignment)\.[jt]s:/;
// The pump calls Node here, which calls whatever is due.
const PUMP = /[\\/]node_modules[\\/]deasync[\\/]|(?:drainQueues|spin) .*[\\/]bridge[\\/](?:drain|addon-pump)\./;

function isOurs(frame: string): boolean {
  return isOwnFrame(frame) || isRunnersFrame(frame) || PUMP.test(frame);
}
