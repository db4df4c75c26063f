import type { Server } from 'node:http';
import type { ServerHttp2Session } from 'node:http2';
import { MemorySocket } from '../memory/socket.js';

/** What an app asks of a connection. */
const ASKED = ['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localPort', 'encrypted'] as const;

/**
 * Lets the sessions of an HTTP/2 server know their addresses. Node wraps a connection that is no
 * socket of the system (`JSStreamSocket` in lib/internal/js_stream_socket.js), and the wrapper has none.
 */
export function lendAddresses(server: Server): void {
  server.on('session', (session: ServerHttp2Session) => {
    // `session.socket` is a Proxy; what returns `this` leads to the wrapper behind it.
    const wrapper: object = session.socket.once('lockstep', () => undefined);
    const { stream } = wrapper as { readonly stream?: unknown };
    if (!(stream instanceof MemorySocket)) return;

    for (const name of ASKED) Object.defineProperty(wrapper, name, { configurable: true, get: () => stream[name] });
  });
}
