import type { Agent } from 'node:http';
import type Http2 from 'node:http2';
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Failures, FailureSink } from '../failures.js';
import type { PlannedRequest } from '../request/plan.js';
import { lazily } from '../../lazily.js';
import { Http2Request } from './request.js';

const http2 = lazily<typeof Http2>('node:http2');

/** Headers that belong to a connection of HTTP/1 (RFC 9113, section 8.2.2). */
const CONNECTION = new Set(['host', 'connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** The agents that give the connections; the server speaks HTTP/2 on them. */
interface Agents {
  readonly http: Agent;
  readonly https: Agent;
}

interface Session {
  readonly session: ClientHttp2Session;
  /** Of the client's end; what the server sees as the remote port. */
  readonly port: () => number | undefined;
}

/** Requests over HTTP/2: one session per scheme and address, as browsers do. */
export class Http2Lane {
  readonly #agents: Agents;
  readonly #failures: Failures;
  readonly #sessions = new Map<string, Session>();

  constructor(agents: Agents, failures: Failures) {
    this.#agents = agents;
    this.#failures = failures;
  }

  /** Opens a stream; errors of its handler go to `sink`. */
  open({ method, target, headers, clientAddress }: PlannedRequest, sink: FailureSink, ends: boolean): Http2Request {
    const { session, port } = this.#session(target.scheme, clientAddress);
    const fields: OutgoingHttpHeaders = {
      ':method': method,
      ':scheme': target.scheme,
      ':authority': target.host,
      ':path': target.path,
    };
    for (const [name, value] of Object.entries(headers)) if (!CONNECTION.has(name)) fields[name] = value;

    const stream = session.request(fields, { endStream: ends });
    const carry = (): void => {
      const key = `${port()}:${stream.id}`;
      this.#failures.carryStream(key, sink);
      stream.once('close', () => this.#failures.dropStream(key));
    };
    // Without a connection yet the stream has no number.
    if (stream.pending) stream.once('ready', carry);
    else carry();
    return new Http2Request(stream);
  }

  close(): void {
    for (const { session } of this.#sessions.values()) session.destroy();
    this.#sessions.clear();
  }

  #session(scheme: 'http' | 'https', address: string | undefined): Session {
    const key = `${scheme} ${address}`;
    const open = this.#sessions.get(key);
    if (open !== undefined && !open.session.closed && !open.session.destroyed) return open;

    const options = address === undefined ? {} : { localAddress: address };
    const socket = this.#agents[scheme].createConnection(options) as Duplex & { readonly localPort?: number };
    const session = http2().connect('http://localhost', { createConnection: () => socket });
    // An error of the session is that of each of its streams as well.
    session.on('error', () => undefined);
    const made = { session, port: () => socket.localPort };
    this.#sessions.set(key, made);
    return made;
  }
}
