import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage, InformationEvent } from 'node:http';
import { pipeline } from 'node:stream';
import type { Duplex } from 'node:stream';
import { RequestError } from '../errors.js';
import { markOwn } from './settle/outgoing.js';
import { openRequest } from './client-request.js';
import type { Failure, Failures, FailureSink } from './failures.js';
import type { Http2Lane } from './http2/lane.js';
import type { Http2Request } from './http2/request.js';
import type { OpenApiCheck } from './openapi/check.js';
import type { PlannedRequest } from './request/plan.js';

/** Where connections come from, by the scheme of the URL. */
export interface Agents {
  readonly http: Agent;
  readonly https: Agent;
}

/** Where requests are sent: connections to the app, and the errors that it reports. */
export interface Line {
  readonly agents: Agents;
  readonly failures: Failures;
  /** Where other programs reach the app; undefined without a port. */
  readonly origin: string | undefined;
  /** For a server that speaks HTTP/2. */
  readonly http2: Http2Lane | undefined;
  /** What answers are compared with. */
  readonly openApi: OpenApiCheck | undefined;
}

/** A response with a status of 100 to 199 that came before the final one, e.g. 103 Early Hints. */
export interface Informational {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** Makes an answer of the message whose head has arrived; it ends with one of the two calls. */
export type Receive<A> = (message: IncomingMessage, settle: (answer: A) => void, fail: (cause: Error) => void) => void;

/** One request on the wire and its answer. */
export class Exchange<A> implements FailureSink {
  readonly label: string;
  /** Rejects when the connection ends before the answer does. */
  readonly answer: Promise<A>;
  /** Those that have arrived, oldest first. */
  readonly informational: Informational[] = [];

  #request: ClientRequest | Http2Request | undefined;
  #status: number | undefined;
  #failure: Failure | undefined;
  #settled = false;
  #judged = false;
  #reject: ((error: Error) => void) | undefined;

  constructor(line: Line, planned: PlannedRequest, receive: Receive<A>) {
    this.label = `${planned.method} ${planned.target.path}`;
    this.answer = new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#send(line, planned, receive, resolve);
    });
  }

  /** Until the failure was asked for; an error that comes together with the answer's end still counts. */
  get pending(): boolean {
    return !this.#judged;
  }

  /** Status of the answer once its head has arrived. */
  get status(): number | undefined {
    return this.#status;
  }

  fail(failure: Failure): void {
    if (this.#failure?.kind !== 'unhandled') this.#failure = failure;
  }

  /** The app's error behind this exchange so far, if any. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** The same at the end; what comes later is no longer this caller's. */
  takeFailure(): Failure | undefined {
    this.#judged = true;
    return this.#failure;
  }

  /** Ends it with `reason`; the app sees the connection close. */
  abort(reason: Error): void {
    this.#judged = true;
    this.#fail(reason);
    this.#request?.destroy();
  }

  #send(line: Line, planned: PlannedRequest, receive: Receive<A>, resolve: (answer: A) => void): void {
    const { body } = planned;
    const request = this.#open(line, planned);
    this.#request = request;

    request.once('response', (message: IncomingMessage) => this.#receive(message, receive, resolve));
    request.on('information', ({ statusCode: status, headers }: InformationEvent) => {
      this.informational.push({ status, headers });
    });
    request.on('upgrade', (message: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      this.#fail(unwantedUpgrade(this.label, message));
    });
    request.on('error', (cause: Error) => this.#fail(brokenOff(this.label, cause)));

    if (body === undefined || Buffer.isBuffer(body)) {
      request.end(body);
    } else {
      // Before the pipeline takes notice and cuts the connection, which would look like the app's doing.
      body.once('error', (error) => this.abort(error));
      // An upload that the app refuses half way through fails here; then its answer is what counts.
      pipeline(body, request, () => undefined);
    }
  }

  #open(line: Line, planned: PlannedRequest): ClientRequest | Http2Request {
    const { method, target, headers, body, clientAddress } = planned;
    if (line.http2 !== undefined) return line.http2.open(planned, this, body === undefined);

    const request = openRequest({
      agent: line.agents[target.scheme],
      host: 'localhost',
      method,
      path: target.path,
      headers,
      setHost: false,
      ...(clientAddress === undefined ? {} : { localAddress: clientAddress }),
    });
    markOwn(request);
    request.once('socket', (socket) => line.failures.carry(socket, this));
    return request;
  }

  #receive(message: IncomingMessage, receive: Receive<A>, resolve: (answer: A) => void): void {
    this.#status = message.statusCode ?? 0;

    const settle = (answer: A): void => {
      if (this.#settled) return;
      this.#settled = true;
      resolve(answer);
    };
    message.once('end', () => {
      if (this.#request?.writableFinished === false) this.#request.destroy();
    });
    receive(message, settle, (cause) => this.#fail(brokenOff(this.label, cause)));
  }

  #fail(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject?.(error);
  }
}

/** The error of a connection that ended too early. */
export function brokenOff(label: string, cause: Error): Error {
  if (cause instanceof RequestError) return cause;
  const { code = '' } = cause as NodeJS.ErrnoException;

  if (code.startsWith('HPE_')) {
    return new RequestError({ what: `${label}: the app's answer is not valid HTTP.`, why: cause.message, cause });
  }
  return new RequestError({
    what: `${label}: the app closed the connection before it had answered.`,
    why: cause.message,
    remedy: 'Look for a destroyed socket or response, or for an error written to the console, in the handler.',
    cause,
  });
}

function unwantedUpgrade(label: string, { headers }: IncomingMessage): RequestError {
  return new RequestError({
    what: `${label}: the app switched protocols to ${headers.upgrade ?? 'an unnamed one'}.`,
    remedy: 'Use client.ws for a WebSocket.',
  });
}
