import { ChildProcess } from 'node:child_process';
import type { Socket as UdpSocket } from 'node:dgram';
import { Server, Socket, type AddressInfo } from 'node:net';
import { MessagePort, type Worker } from 'node:worker_threads';
import { basename } from 'node:path';
import { findAddon } from '../native/addon.js';
import { unrefTimers } from './timers.js';
import { tracedResources } from './trace.js';

/** What Node tells of a handle that keeps the process alive: the handle's owner, or itself where it has none. */
interface Handle {
  readonly fd?: number;
  readonly _handle?: { readonly fd?: number } | null;
  unref?(): unknown;
}

/** Things named by one warning; the rest are counted. */
const SHOWN = 10;
const LONGEST_COMMAND = 80;

/** Names of Node's classes, where nothing more is known than the kind. */
const WORDS: Readonly<Record<string, string>> = {
  FSWatcher: 'file watcher',
  FSEvent: 'file watcher',
  StatWatcher: 'file watcher',
  Pipe: 'pipe',
};

/**
 * What the app leaves open at the end of a run, e.g. a server that listens since it was imported.
 * What is open when it is made belongs to the runner and to Node, and is never touched; neither are
 * the standard streams.
 */
export class LeftOpen {
  readonly #before = new WeakSet<Handle>(activeHandles());
  readonly #expected: (socket: Socket) => boolean;
  readonly #workers = new Set<WeakRef<Worker>>();
  readonly #note = (worker: Worker): void => {
    this.#workers.add(new WeakRef(worker));
  };

  /** @param expected tells sockets that every app may leave open; they are let go without a word. */
  constructor(expected: (socket: Socket) => boolean = () => false) {
    this.#expected = expected;
    // A worker is no handle: Node lists it nowhere.
    process.on('worker', this.#note);
  }

  /**
   * Lets the process end although these things are open.
   *
   * @returns what each of them is, e.g. `listening TCP server on 127.0.0.1:3000`; with
   * LOCKSTEP_TRACE=1 also where they were created.
   */
  release(): readonly string[] {
    unrefTimers();
    // Before it is unref'd: what does not keep the process alive is left out.
    const traced = tracedResources();
    const workers = this.#releaseWorkers();
    const handles = activeHandles().filter((handle) => !this.#before.has(handle) && !isStandardStream(handle));
    const ofChildren = new Set<unknown>(handles.flatMap((handle) => (isChild(handle) ? pipesOf(handle) : [])));

    const named = handles.filter((handle) => !ofChildren.has(handle) && !this.#isExpected(handle)).map(describe);
    for (const handle of handles) handle.unref?.();
    // Connections of libpq, mostly, whose pools would close them when they have been idle for long. Whose they are
    // cannot be told, so nothing is said of them.
    findAddon()?.unreferencePolls();
    const all = [...workers, ...named];
    if (all.length === 0) return [];

    const more = all.length > SHOWN ? [`${all.length - SHOWN} more`] : [];
    return [...all.slice(0, SHOWN), ...more, ...traced];
  }

  #isExpected(handle: Handle): boolean {
    return handle instanceof Socket && this.#expected(handle);
  }

  /** Before the handles: a worker's ports are let go along with it. */
  #releaseWorkers(): string[] {
    const alive = [...this.#workers].flatMap((reference) => reference.deref() ?? []).filter(keepsAlive);

    return alive.map((worker) => {
      worker.unref();
      return `worker thread ${worker.threadId}`;
    });
  }
}

/** There is no public way to the handles themselves; `getActiveResourcesInfo` gives their names only. */
function activeHandles(): Handle[] {
  return (process as unknown as { _getActiveHandles(): Handle[] })._getActiveHandles();
}

/** Told by its number: merely to look at `process.stdin` would open it. */
function isStandardStream(handle: Handle): boolean {
  // Not of every handle: Node warns of looking at that of a UDP socket.
  const { fd, _handle } = handle instanceof Socket ? (handle as Handle) : { fd: handle.fd };
  return [fd, _handle?.fd].some((number) => number !== undefined && number >= 0 && number <= 2);
}

/** A worker that has ended has the thread number -1; one that the app has unref'd waits for nobody. */
function keepsAlive(worker: Worker): boolean {
  const symbol = Object.getOwnPropertySymbols(worker).find(({ description }) => description === 'kHandle');
  const handle = symbol && (worker as unknown as Record<symbol, { hasRef?(): boolean } | null>)[symbol];

  return worker.threadId >= 0 && handle?.hasRef?.() !== false;
}

function isChild(handle: unknown): handle is ChildProcess {
  return handle instanceof ChildProcess;
}

/** They end with the child; its channel for messages is a handle without an owner. */
function pipesOf(child: ChildProcess): unknown[] {
  return [...child.stdio, child.channel].filter((pipe) => pipe !== null && pipe !== undefined);
}

function describe(handle: Handle): string {
  if (isChild(handle)) return `child process ${handle.pid} (${shorten(commandOf(handle))})`;
  if (handle instanceof Server) return describeServer(handle.address());
  if (handle instanceof Socket) return describeSocket(handle);
  if (handle instanceof MessagePort) return 'message port';

  const { name } = handle.constructor;
  if (isUdp(handle)) return `UDP socket${addressOf(handle)}`;
  return WORDS[name] ?? name;
}

/** The program's name without its folder, whose length would hide the arguments. */
function commandOf({ spawnargs: [program = '', ...args] }: ChildProcess): string {
  return [basename(program), ...args].join(' ');
}

function describeServer(address: AddressInfo | string | null): string {
  if (typeof address === 'string') return `listening Unix socket ${address}`;
  return `listening TCP server${address === null ? '' : ` on ${host(address.address)}:${address.port}`}`;
}

function describeSocket({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined && localAddress === undefined) return 'socket or pipe';

  const from = localAddress === undefined ? '' : ` from ${host(localAddress)}:${localPort}`;
  return `TCP socket${from}${remoteAddress === undefined ? '' : ` to ${host(remoteAddress)}:${remotePort}`}`;
}

function isUdp(handle: Handle): handle is Handle & UdpSocket {
  return handle.constructor.name === 'Socket' && 'bind' in handle && 'address' in handle;
}

function addressOf(socket: UdpSocket): string {
  try {
    const { address, port } = socket.address();
    return ` on ${host(address)}:${port}`;
  } catch {
    // It is not bound yet.
    return '';
  }
}

function host(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function shorten(command: string): string {
  return command.length <= LONGEST_COMMAND ? command : `${command.slice(0, LONGEST_COMMAND)}…`;
}
