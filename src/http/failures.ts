import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { currentOwner, failedLate, type Owner } from '../bridge/index.js';
import { MemorySocket } from './memory/socket.js';

/** An error of the app, as a framework adapter saw it. */
export interface Failure {
  /** The very value that was thrown or passed on. */
  readonly error: unknown;
  /** `unhandled`: no handler of the app's own turned it into a response. */
  readonly kind: 'handled' | 'unhandled';
  /** Whether the response had already begun, so that its status says nothing about the failure. */
  readonly late: boolean;
}

/** Receives the failures of one request. */
export interface FailureSink {
  /** `METHOD url`, for messages. */
  readonly label: string;
  /** Whether the caller still waits for this request. */
  readonly pending: boolean;
  fail(failure: Failure): void;
}

/**
 * Leads an app's error back to the client call whose request caused it.
 *
 * The connection of a request tells whose it is; as connections are reused, each request is linked
 * to its call when it arrives, so that an error after the answer is never blamed on the next one.
 */
export class Failures {
  readonly #sinkOfConnection = new WeakMap<object, FailureSink>();
  /** By the port of the client's end, for connections that go through the operating system. */
  readonly #sinkOfPort = new Map<number, FailureSink>();
  readonly #sinkOfRequest = new WeakMap<IncomingMessage, FailureSink>();
  /** By port and number of the stream. */
  readonly #sinkOfStream = new Map<string, FailureSink>();
  readonly #ownerOfSink = new WeakMap<FailureSink, Owner>();
  #late: string[] = [];

  /** Whether there are late errors to take. */
  get late(): boolean {
    return this.#late.length > 0;
  }

  /** The client's end of `socket` now carries the request of `sink`. */
  carry(socket: Socket | MemorySocket, sink: FailureSink): void {
    this.#own(sink);
    this.#sinkOfConnection.set(socket, sink);
    // Not yet connected, it has no port; its request cannot arrive before it has one.
    if (socket instanceof MemorySocket) return;
    const note = (): void => {
      const { localPort } = socket;
      if (localPort === undefined) return;
      if (!this.#sinkOfPort.has(localPort)) socket.once('close', () => this.#sinkOfPort.delete(localPort));
      this.#sinkOfPort.set(localPort, sink);
    };
    if (socket.connecting) socket.once('connect', note);
    else note();
  }

  /** The stream of HTTP/2 with this number, on the connection with this port, carries the request of `sink`. */
  carryStream(key: string, sink: FailureSink): void {
    this.#own(sink);
    this.#sinkOfStream.set(key, sink);
  }

  /** The test that sends a request is the one whose request it is. */
  #own(sink: FailureSink): void {
    const owner = currentOwner();
    if (owner !== undefined) this.#ownerOfSink.set(sink, owner);
  }

  dropStream(key: string): void {
    this.#sinkOfStream.delete(key);
  }

  /** To be called for each request that reaches the server, before the app sees it. */
  readonly link = (request: IncomingMessage): void => {
    const { socket } = request;
    const far: unknown = socket;
    const { stream } = request as { stream?: { readonly id?: number } };
    const sink =
      stream?.id !== undefined
        ? this.#sinkOfStream.get(`${socket.remotePort}:${stream.id}`)
        : far instanceof MemorySocket
          ? far.peer && this.#sinkOfConnection.get(far.peer)
          : this.#sinkOfPort.get(socket.remotePort ?? 0);
    if (sink !== undefined) this.#sinkOfRequest.set(request, sink);
  };

  record(request: IncomingMessage, failure: Failure): void {
    const sink = this.#sinkOfRequest.get(request);
    // Not ours: the app may listen on a port as well.
    if (sink === undefined) return;

    if (sink.pending) return sink.fail(failure);
    if (failure.kind !== 'unhandled') return;
    const owner = this.#ownerOfSink.get(sink);
    const sentence = lateSentence(request, failure.error);
    // The test that runs now has no part in it.
    if (owner?.ended === true) failedLate(owner, sentence);
    else this.#late.push(sentence);
  }

  /** Sentences about unhandled errors that came when nobody waited any more; asked once. */
  takeLate(): string[] {
    const late = this.#late;
    this.#late = [];
    return late;
  }
}

function lateSentence({ method = 'GET', url = '' }: IncomingMessage, error: unknown): string {
  return `${method} ${url}: the app failed after it had answered: ${String(error)}`;
}
