import type { Server } from 'node:http';
import { isHttp2Server } from '../http2/server.js';
import type { AppKind } from './app.js';
import { guard } from './guard.js';
import type { Listener } from './guard.js';

/** A server of `node:http2` with request listeners (its compatibility API). */
export const http2Server: AppKind<Server> = {
  name: 'Http2Server',
  matches: isHttp2Server,

  run(server, failures) {
    const original = server.rawListeners('request') as Listener[];
    server.removeAllListeners('request');
    server.on('request', failures.link);
    for (const listener of original) server.on('request', guard(listener, failures));

    return Promise.resolve({
      kind: 'Http2Server',
      server,
      async stop() {
        server.removeAllListeners('request');
        for (const listener of original) server.on('request', listener);
        await new Promise<void>((resolve) => server.close(() => resolve()));
      },
    });
  },
};
