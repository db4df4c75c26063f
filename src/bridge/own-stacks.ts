import { isOwnFrame } from '../own-frames.js';

/** Written by V8 as a line of a stack without its `at`. */
type Text = NodeJS.CallSite & { toString(): string };

type Prepare = NonNullable<typeof Error.prepareStackTrace>;

/** Where the pump lets the loop go on: what lies below has not called what lies above. */
const PUMP = /[\\/]node_modules[\\/]deasync[\\/]|[\\/]bridge[\\/](?:addon-pump|deasync-pump|drain)\.[jt]s$/;

/**
 * Leaves Lockstep out of the stacks of this thread, those too that the app logs by itself: its own
 * frames everywhere, and below the pump the test that waits, so that the stack of an app's error is
 * that of production. An error that the test gets to see is given the test's line by the wait. Returns
 * what ends it; with LOCKSTEP_DEBUG=1 nothing is left out.
 *
 * To be called when everything is loaded: what has been put into `Error.prepareStackTrace` by then, such
 * as a reader of source maps, goes on with the frames that are left.
 */
export function hideOwnFrames(): () => void {
  if (process.env['LOCKSTEP_DEBUG'] === '1') return () => undefined;

  const former = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  const prepare = (former?.value as Prepare | undefined) ?? plain;
  const ours: Prepare = (error, sites) => prepare.call(Error, error, visible(sites)) as unknown;
  Object.defineProperty(Error, 'prepareStackTrace', { ...former, configurable: true, writable: true, value: ours });

  return () => {
    // Whoever came later goes on as he is.
    if (Error.prepareStackTrace !== ours) return;
    if (former) Object.defineProperty(Error, 'prepareStackTrace', former);
    else delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
  };
}

let shown = false;

/** Reads stacks with all of their frames. */
export function withOwnFrames<T>(read: () => T): T {
  const outer = shown;
  shown = true;
  try {
    return read();
  } finally {
    shown = outer;
  }
}

function visible(sites: NodeJS.CallSite[]): NodeJS.CallSite[] {
  if (shown) return sites;
  const files = sites.map((site) => site.getFileName() ?? '');
  if (!files.some(isHidden)) return sites;

  const pump = files.findIndex((file) => PUMP.test(file) && isHidden(file));
  return sites.filter((site, index) => {
    if (pump >= 0 && index >= pump && !isAsync(site)) return false;
    return !isHidden(files[index] ?? '');
  });
}

function isHidden(file: string): boolean {
  return isOwnFrame(file) || PUMP.test(file);
}

/** What an `await` of the app's leads back to stands below all that is on the stack. */
function isAsync(site: NodeJS.CallSite): boolean {
  return (site as { isAsync?: () => boolean }).isAsync?.() ?? false;
}

/** As V8 and Node write a stack, for a Node that has no function of its own to be called for it. */
function plain(error: Error, sites: NodeJS.CallSite[]): string {
  return [Error.prototype.toString.call(error), ...sites.map((site: Text) => `    at ${site.toString()}`)].join('\n');
}
