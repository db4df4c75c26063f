import { createServer } from 'node:http';
import type { Failures } from '../failures.js';
import type { RunningApp } from './app.js';
import type { Listener } from './guard.js';

/** Runs a guarded listener on a server of our own that never listens. */
export function runOnOwnServer(kind: string, listener: Listener, failures: Failures): RunningApp {
  const server = createServer((request, response) => {
    failures.link(request);
    listener(request, response);
  });
  // Connections are closed by us at the end; without the default 5 s no timer is set for each request.
  server.keepAliveTimeout = 0;

  return {
    kind,
    server,
    stop() {
      server.closeAllConnections();
      return Promise.resolve();
    },
  };
}
