/**
 * Which Postgres servers the sockets of this process lead to besides the sandbox, told by the first bytes
 * that a socket sends: no port says what listens there, and a pool may be closed by the time that somebody asks.
 */

import type { Socket } from 'node:net';

type Write = (this: Socket, ...args: unknown[]) => boolean;

/** The length and the code with which a client begins ("Message Formats" in the Postgres manual). */
const SHORTEST = 8;
const PROTOCOL_MAJOR = 3;
const SSL_REQUEST = 80_877_103;
const GSSENC_REQUEST = 80_877_104;

const own = new WeakSet<object>();
const servers = new Set<string>();

/** The socket is Lockstep's, wherever it leads to. */
export function isOurs(socket: object): void {
  own.add(socket);
}

/** Addresses that a client of Postgres has connected to, as it wrote them: `host:port`, or the path of a Unix socket. */
export function otherServers(): readonly string[] {
  return [...servers];
}

/**
 * A socket has begun to connect to something that is no sandbox: remembers the address if its
 * first bytes are a client's of Postgres.
 */
export function watchOther(socket: Socket, address: string): void {
  if (own.has(socket)) return;

  const watched = socket as unknown as { write: Write };
  const { write: original } = watched;
  const inherited = !Object.hasOwn(watched, 'write');

  function write(this: Socket, ...args: unknown[]): boolean {
    // Somebody may have put one of his own on top, which has to stay.
    if (watched.write === write) {
      if (inherited) delete (watched as Partial<typeof watched>).write;
      else watched.write = original;
    }
    first(args[0]);
    return Reflect.apply(original, this, args);
  }

  let awaited = true;
  const first = (chunk: unknown): void => {
    if (!awaited) return;
    awaited = false;
    if (!beginsPostgres(chunk)) return;
    // What is written before belongs to no server yet, and there may be none.
    if (socket.connecting) socket.once('connect', () => servers.add(address));
    else servers.add(address);
  };

  watched.write = write;
}

/** Whether they are all that a client sends before the server's first answer. */
function beginsPostgres(chunk: unknown): boolean {
  if (!(chunk instanceof Uint8Array) || chunk.length < SHORTEST) return false;

  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const code = bytes.readUInt32BE(4);
  const known = code === SSL_REQUEST || code === GSSENC_REQUEST || code >>> 16 === PROTOCOL_MAJOR;
  return known && bytes.readUInt32BE(0) === bytes.length;
}
