import { createRequire } from 'node:module';

/** What `native/` compiles to: one binary a platform, for every Node that Lockstep supports. */
export interface Addon extends Partial<DescriptorCalls> {
  /**
   * Runs the event loop once (`uv_run(UV_RUN_ONCE)`); it blocks for `limit` milliseconds at most,
   * Infinity for none. Returns whether the limit ended the turn. Throws what a callback threw.
   */
  readonly turn: (limit: number) => boolean;
  /** Whether referenced handles, requests (also of the thread pool) or closing handles keep the loop going. */
  readonly loopAlive: () => boolean;
  /** Milliseconds for which the loop would block now; -1 without limit. */
  readonly backendTimeout: () => number;
  /** Requests that are not over: to the system, to the thread pool. */
  readonly activeRequests: () => number;
  /** Events that the loop has received from the system so far. */
  readonly loopEvents: () => number;
  /** Lets the loop end although addons watch descriptors, which Node does not know of; how many there were. */
  readonly unreferencePolls: () => number;
  /** Handles by which other threads can call in though they do not keep the loop going; some of Node's own among them. */
  readonly unreferencedPorts: () => number;
  /** The same of what the system tells: sockets, pipes, child processes, watched files, signals. */
  readonly unreferencedSources: () => number;
}

/**
 * System calls on descriptors, POSIX only. Each returns what the system answers: a count of bytes, 0 at
 * the end of a file, or a negative errno. Each throws TypeError for bytes outside the buffer.
 */
export interface DescriptorCalls {
  /** poll(2) until the timeout in milliseconds, Infinity for none. Returns the events, 0 when it ran out. */
  readonly poll: (fd: number, events: number, timeout: number) => number;
  /** Reads what is there, -EAGAIN if nothing is; never blocks, whatever the descriptor's flags. */
  readonly readNow: (fd: number, buffer: Uint8Array, offset: number, length: number) => number;
  /** Writes what there is room for, -EAGAIN if there is none; never blocks, whatever the descriptor's flags. */
  readonly writeNow: (fd: number, buffer: Uint8Array, offset: number, length: number) => number;
  /**
   * Reads as soon as something is there: tries again and again for `spin` microseconds, then sleeps in
   * poll(2). Returns -ETIMEDOUT after `timeout` milliseconds (Infinity: never). Signals do not cut it short.
   */
  readonly readWithin: (
    fd: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    spin: number,
    timeout: number,
  ) => number;
}

/** Folder below `prebuilds/` with the binary for this process. */
export const PREBUILD: string = `${process.platform}-${process.arch}`;

let loaded: { readonly addon: Addon } | { readonly failure: unknown } | undefined;

/**
 * The addon, loaded at first use.
 *
 * @throws what `require` throws where there is no binary for this platform, or it does not load.
 */
export function loadAddon(): Addon {
  loaded ??= tryToLoad();

  if ('failure' in loaded) throw loaded.failure;
  return loaded.addon;
}

/** The same; undefined where it does not load. */
export function findAddon(): Addon | undefined {
  loaded ??= tryToLoad();

  return 'addon' in loaded ? loaded.addon : undefined;
}

/** System calls on descriptors; undefined on Windows and where the addon does not load. */
export function descriptorCalls(): DescriptorCalls | undefined {
  const addon = findAddon();

  return addon?.readWithin === undefined ? undefined : (addon as DescriptorCalls);
}

function tryToLoad(): { readonly addon: Addon } | { readonly failure: unknown } {
  try {
    // By the package's own map of imports, so that it is found from wherever the code was bundled to.
    return { addon: createRequire(import.meta.url)(`#prebuilds/${PREBUILD}/lockstep.node`) as Addon };
  } catch (failure) {
    return { failure };
  }
}
