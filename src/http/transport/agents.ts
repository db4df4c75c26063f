import type { AsyncResource } from 'node:async_hooks';
import type { Server } from 'node:http';
import type { Agents } from '../exchange.js';
import { MemoryAgent } from '../memory/agent.js';
import type { Transport } from '../options.js';
import { openPort } from './tcp.js';

/** The way to a running app. */
export interface Connections {
  readonly agents: Agents;
  /** Scheme, host and port under which other programs reach the app; undefined without a port. */
  readonly origin: string | undefined;
  /** Closes every connection, those in use too, and the port if one was opened here. */
  close(): Promise<void>;
}

/** Opens the way to a server. Its handlers run in the async context of `scope`. */
export function connectTo(server: Server, transport: Transport, scope: AsyncResource): Promise<Connections> {
  switch (transport) {
    case 'memory':
      return Promise.resolve(inMemory(server, scope));
    case 'tcp':
      return openPort(server);
  }
}

function inMemory(server: Server, scope: AsyncResource): Connections {
  const agents = {
    http: new MemoryAgent(server, { encrypted: false, scope }),
    https: new MemoryAgent(server, { encrypted: true, scope }),
  };
  return {
    agents,
    origin: undefined,
    close() {
      agents.http.destroy();
      agents.https.destroy();
      return Promise.resolve();
    },
  };
}
