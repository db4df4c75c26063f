import { Agent } from 'node:http';
import type { Server } from 'node:http';
import { Server as SecureServer } from 'node:https';
import type { AsyncResource } from 'node:async_hooks';
import type { Duplex } from 'node:stream';
import { MemorySocket } from './socket.js';

/** Read by Node's agent (`normalizeServerName` in lib/_http_agent.js), but not in its types. */
const NO_SERVER_NAME: object = { servername: '' };

/**
 * Gives `http.request` connections to a server in this process, and keeps them for the next request.
 *
 * The server need not listen: it is handed each connection through its `connection` event, as
 * Node's `http.Server` documents.
 */
export class MemoryAgent extends Agent {
  readonly #server: Server;
  readonly #encrypted: boolean;
  readonly #open = new Set<MemorySocket>();
  readonly #scope: AsyncResource;

  /** Handlers run in the async context of `scope`. */
  constructor(server: Server, options: { readonly encrypted: boolean; readonly scope: AsyncResource }) {
    // A server name is for TLS; without one given, Node derives it from the host of every request.
    super({ keepAlive: true, ...NO_SERVER_NAME });
    this.#server = server;
    this.#encrypted = options.encrypted;
    this.#scope = options.scope;
  }

  /** All connections lead to the same server: only who asks tells them apart. */
  override getName(options?: { readonly localAddress?: string | undefined }): string {
    return options?.localAddress ?? '';
  }

  override createConnection(options?: { readonly localAddress?: string | undefined }): Duplex {
    const pair = { encrypted: this.#encrypted, clientAddress: options?.localAddress };
    const { client, server } = MemorySocket.pair(pair);
    this.#open.add(client);
    client.once('close', () => this.#open.delete(client));

    // A connection outlives the test that opened it: its handlers must not inherit that test's
    // AsyncLocalStorage stores, just as a real connection belongs to whoever called listen().
    const event = this.#server instanceof SecureServer ? 'secureConnection' : 'connection';
    this.#scope.runInAsyncScope(() => this.#server.emit(event, server));
    return client;
  }

  /** Closes every connection, those in use too. */
  override destroy(): void {
    super.destroy();
    for (const socket of this.#open) socket.destroy();
    for (const socket of this.#open) socket.peer?.destroy();
  }
}
