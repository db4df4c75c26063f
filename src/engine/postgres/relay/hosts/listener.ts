import { rmSync } from 'node:fs';
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { socketPath } from '../../server/upstream.js';

export const LOOPBACK = '127.0.0.1';

/** Where a relay is reached. */
export interface Place {
  /** Where the Unix socket is made; undefined where there are none. Only its owner may enter it. */
  readonly directory: string | undefined;
  /** Of the loopback interface; 0 for one that is free. */
  readonly port: number;
}

/**
 * The sockets of a relay: a port of the loopback interface, and a Unix socket with the same number in
 * its name, where there are any.
 */
export class Listener {
  readonly port: number;
  readonly #servers: readonly Server[];

  private constructor(port: number, servers: readonly Server[]) {
    this.port = port;
    this.#servers = servers;
  }

  /** @param accept is given each connection, and whether whoever made it may be anybody of this machine. */
  static async open({ directory, port }: Place, accept: (stream: Socket, anybody: boolean) => void): Promise<Listener> {
    const byTcp = createServer((stream) => accept(stream, true));
    await listening(byTcp, { port, host: LOOPBACK });
    const taken = (byTcp.address() as AddressInfo).port;
    if (directory === undefined) return new Listener(taken, [byTcp]);

    const path = socketPath(directory, taken);
    rmSync(path, { force: true });
    const byPath = createServer((stream) => accept(stream, false));
    await listening(byPath, { path });
    return new Listener(taken, [byTcp, byPath]);
  }

  /** Keeps no process alive from here on. */
  unref(): void {
    for (const server of this.#servers) server.unref();
  }

  /** Takes nobody in any more; who is connected stays. */
  close(): void {
    for (const server of this.#servers) server.close();
  }
}

/** How long a port may still be taken by the listener whose place this one takes, in milliseconds. */
const TAKEN = 5_000;
const RETRY = 25;

/** Listens, behind whoever is about to leave the same place. */
async function listening(server: Server, where: ListenOptions): Promise<void> {
  for (let waited = 0; ; waited += RETRY) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(where, () => {
          server.off('error', reject);
          resolve();
        });
      });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || where.port === 0 || waited >= TAKEN) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }
}
