import { Server } from 'node:http';
import { Server as SecureServer } from 'node:https';
import type { AppKind } from './app.js';
import { guard } from './guard.js';
import type { Listener } from './guard.js';

/** An `http.Server` (or `https.Server`) that the app made itself, listening or not. */
export const httpServer: AppKind<Server> = {
  name: 'http.Server',
  matches: (value): value is Server => value instanceof Server || value instanceof SecureServer,

  run(server, failures) {
    const original = server.rawListeners('request') as Listener[];
    server.removeAllListeners('request');
    server.on('request', failures.link);
    for (const listener of original) server.on('request', guard(listener, failures));

    return Promise.resolve({
      kind: 'http.Server',
      server,
      async stop() {
        server.removeAllListeners('request');
        for (const listener of original) server.on('request', listener);

        // Closing a server that does not listen is an error to Node; it emits `close` all the same.
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        await closed;
      },
    });
  },
};
