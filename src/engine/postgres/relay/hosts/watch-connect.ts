import { Socket } from 'node:net';
import { watchOther } from '../../other-servers.js';

/** Where sockets of this process may lead to. */
export interface Destination {
  readonly port: number;
  /** The Unix socket's absolute path; undefined where there are none. */
  readonly path: string | undefined;
  /** The socket is about to connect, by the port or the path. Whether it was taken over, so that the system has no part in it. */
  connecting(socket: Socket, by: 'port' | 'path'): boolean;
}

type Connect = (this: Socket, ...args: unknown[]) => Socket;

const LOOPBACK: ReadonlySet<string | undefined> = new Set([undefined, 'localhost', '127.0.0.1', '::1']);

const destinations = new Set<Destination>();
let restore: (() => void) | undefined;

/**
 * Tells of the sockets of this process that are about to connect to a destination, which may take them
 * over; those that lead elsewhere are watched for clients of other servers. Returns what ends it; sockets that are connected stay so.
 */
export function watchConnect(destination: Destination): () => void {
  destinations.add(destination);
  restore ??= intercept();

  return () => {
    destinations.delete(destination);
    if (destinations.size > 0) return;
    restore?.();
    restore = undefined;
  };
}

function intercept(): () => void {
  const prototype = Socket.prototype as unknown as { connect: Connect };
  const { connect: original } = prototype;

  function connect(this: Socket, ...args: unknown[]): Socket {
    const { target, listener } = read(args);
    const destination = destinationOf(target);
    const by = target.path === undefined ? 'port' : 'path';
    if (destination === undefined) {
      const connecting = Reflect.apply(original, this, args);
      // Behind it: it gives the socket the prototype's `write` again.
      watchOther(this, addressOf(target));
      return connecting;
    }
    if (!canBeLed(this) || !destination.connecting(this, by)) return Reflect.apply(original, this, args);

    if (listener !== undefined) this.once('connect', listener);
    return this;
  }

  prototype.connect = connect;
  return () => {
    // Somebody may have put one of his own on top, which has to stay.
    if (prototype.connect === connect) prototype.connect = original;
  };
}

/** One that was connected before has a state that only Node knows how to clear. */
function canBeLed(socket: Socket): boolean {
  return !socket.destroyed && !socket.connecting && !hasHandle(socket);
}

function hasHandle(socket: Socket): boolean {
  return ((socket as unknown as { readonly _handle?: unknown })._handle ?? null) !== null;
}

interface Target {
  readonly path?: unknown;
  readonly port?: unknown;
  readonly host?: unknown;
}

/** The forms of `socket.connect` (https://nodejs.org/api/net.html#socketconnect); a list is what `net.connect` passes on. */
function read(args: readonly unknown[]): { readonly target: Target; readonly listener: (() => void) | undefined } {
  const [first, second] = args;
  const given = Array.isArray(first) ? (first as readonly unknown[]) : args;
  const listener = given.find((argument) => typeof argument === 'function') as (() => void) | undefined;

  if (Array.isArray(first)) return { target: (first[0] ?? {}) as Target, listener };
  if (typeof first === 'object' && first !== null) return { target: first, listener };
  if (typeof first === 'string' && Number.isNaN(Number(first))) return { target: { path: first }, listener };
  return { target: { port: first, host: typeof second === 'function' ? undefined : second }, listener };
}

function destinationOf({ path, port, host }: Target): Destination | undefined {
  for (const destination of destinations) {
    if (path !== undefined ? path === destination.path : isLoopback(host) && Number(port) === destination.port)
      return destination;
  }
  return undefined;
}

function addressOf({ path, port, host }: Target): string {
  if (typeof path === 'string') return path;
  const name = typeof host === 'string' ? host : 'localhost';
  return `${name.includes(':') ? `[${name}]` : name}:${String(port)}`;
}

function isLoopback(host: unknown): boolean {
  return host === undefined || host === null || (typeof host === 'string' && LOOPBACK.has(host));
}
