import { Agent } from 'node:http';
import type { Server } from 'node:http';
import { Server as SecureServer } from 'node:https';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecurely } from 'node:tls';
import { AppError } from '../../errors.js';
import type { Connections } from './agents.js';

const LOOPBACK = '127.0.0.1';

/** What the agent hands on of a request's options. */
interface ConnectionOptions {
  readonly localAddress?: string | undefined;
}

/** Connections over a port of the loopback interface, kept for the next request. */
class TcpAgent extends Agent {
  readonly #connect: (options: ConnectionOptions) => Socket;
  readonly #open = new Set<Socket>();

  constructor(connect: (options: ConnectionOptions) => Socket) {
    super({ keepAlive: true });
    this.#connect = connect;
  }

  override createConnection(options: ConnectionOptions = {}): Duplex {
    const socket = this.#connect(options).setNoDelay();
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    return socket;
  }

  override destroy(): void {
    super.destroy();
    for (const socket of this.#open) socket.destroy();
  }
}

/**
 * Lets the server listen on a port of the loopback interface, unless it listens already.
 *
 * A plain server has a second port, whose connections it takes for TLS: `https://` URLs then mean to
 * the app what they mean behind a real certificate, without one.
 *
 * @throws AppError when no port can be opened.
 */
export async function openPort(server: Server): Promise<Connections> {
  const opened: NetServer[] = [];
  if (!server.listening) opened.push(await listen(server));
  const plain = portOf(server);

  const agents = {
    http: new TcpAgent((options) => connect({ host: LOOPBACK, port: plain, ...local(options) })),
    https:
      server instanceof SecureServer
        ? // The certificate of a test is nobody's.
          new TcpAgent(() => connectSecurely({ host: LOOPBACK, port: plain, rejectUnauthorized: false }))
        : await secureAgent(server, opened),
  };
  return {
    agents,
    origin: `${server instanceof SecureServer ? 'https' : 'http'}://${LOOPBACK}:${plain}`,
    async close() {
      agents.http.destroy();
      agents.https.destroy();
      // Absent from servers of HTTP/2, whose sessions are closed by then.
      (server as Partial<Server>).closeAllConnections?.();
      await Promise.all(opened.map((each) => new Promise((resolve) => each.close(resolve))));
    },
  };
}

async function secureAgent(server: Server, opened: NetServer[]): Promise<TcpAgent> {
  const front = createServer((socket) => {
    Object.defineProperty(socket, 'encrypted', { value: true });
    server.emit('connection', socket);
  });
  opened.push(await listen(front));
  const port = portOf(front);
  return new TcpAgent((options) => connect({ host: LOOPBACK, port, ...local(options) }));
}

function local({ localAddress }: ConnectionOptions): { localAddress?: string } {
  return localAddress === undefined ? {} : { localAddress };
}

function listen(server: NetServer): Promise<NetServer> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(
        new AppError({
          what: `The app could not listen on a port of ${LOOPBACK}: ${cause.message}`,
          remedy: "Use transport: 'memory', which needs no port.",
          cause,
        }),
      );
    };
    server.once('error', fail);
    server.listen(0, LOOPBACK, () => {
      server.off('error', fail);
      resolve(server);
    });
  });
}

function portOf(server: NetServer): number {
  const address = server.address();
  if (typeof address === 'object' && address !== null) return (address satisfies AddressInfo).port;

  throw new AppError({
    what: `The app listens on ${address ?? 'nothing'}, which is no port.`,
    remedy: "Use transport: 'memory', or let the app listen on a port of the loopback interface.",
  });
}
