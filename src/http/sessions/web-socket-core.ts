import { ClosedError, RequestError } from '../../errors.js';
import { describe } from '../request/describe.js';
import type { OpenSession } from './session.js';
import { Waits } from './waits.js';

/** How a WebSocket was closed. */
export interface Closed {
  /** Close code (RFC 6455, section 7.4.1); 1005 for none, 1006 for a connection that broke off. */
  readonly code: number;
  readonly reason: string;
}

/** What a WebSocket carries: text as a string, binary messages as a Buffer. */
export type Message = string | Buffer;

/** Of a WebSocket of the package ws what is used here; its own types would be asked of everyone who compiles against Lockstep. */
export interface Socket {
  readonly protocol: string;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown;
  once(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
  send(data: string | Uint8Array, done: (error?: Error | null) => void): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** The client's end of a WebSocket: what was received and not yet asked for. */
export class WebSocketCore implements OpenSession {
  readonly label: string;
  readonly waits: Waits;

  readonly #socket: Socket;
  readonly #inbox: Message[] = [];
  #received = 0;
  #closed: Closed | undefined;

  constructor(label: string, socket: Socket, onClose: () => void) {
    this.label = label;
    this.#socket = socket;
    this.waits = new Waits(() => `${label} (${this.#received} messages so far)`);

    socket.on('message', (data: Buffer, isBinary: boolean) => {
      this.#received += 1;
      this.#inbox.push(isBinary ? data : data.toString('utf8'));
      this.waits.notify();
    });
    socket.once('close', (code: number, reason: Buffer) => {
      this.#closed = { code, reason: reason.toString('utf8') };
      onClose();
      this.waits.notify();
    });
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get closed(): Closed | undefined {
    return this.#closed;
  }

  sentences(): readonly string[] {
    return this.waits.sentences();
  }

  close(): void {
    this.#socket.terminate();
  }

  /** The oldest message that nobody has taken. @throws ClosedError when none can come any more. */
  take(): Message | undefined {
    const message = this.#inbox.shift();
    if (message === undefined && this.#closed !== undefined) throw this.#closedError(this.#closed);
    return message;
  }

  /** Begins the closing handshake. @throws RequestError for a code or a reason that cannot be sent. */
  beginClose(code: number, reason: string): void {
    try {
      this.#socket.close(code, reason);
    } catch (cause) {
      throw new RequestError({
        what: `${this.label}: close(${code}, ${describe(reason)}): ${cause instanceof Error ? cause.message : String(cause)}`,
        remedy: 'Give 1000 or 3000 to 4999, and a reason of at most 123 bytes.',
        cause,
      });
    }
  }

  /** Hands a message over. @throws ClosedError, RequestError for what is neither text nor bytes. */
  send(message: string | Uint8Array): Promise<true> {
    const given: unknown = message;
    if (typeof given !== 'string' && !(given instanceof Uint8Array)) {
      throw new RequestError({
        what: `${this.label}: send was given ${describe(given)}.`,
        remedy: 'Give a string or bytes; use sendJson for data.',
      });
    }
    if (this.#closed !== undefined) throw this.#closedError(this.#closed);

    return new Promise((resolve, reject) => {
      this.#socket.send(message, (error) => {
        if (error) reject(this.#closed === undefined ? error : this.#closedError(this.#closed));
        else resolve(true);
      });
    });
  }

  #closedError(closed: Closed): ClosedError {
    const { code, reason } = closed;
    return new ClosedError(
      {
        what: `${this.label}: it was closed with code ${code}${reason === '' ? '' : ` (${reason})`}.`,
        why: code === 1006 ? 'The connection broke off without a closing handshake.' : '',
        remedy: 'receiveClose() returns code and reason without an error.',
      },
      closed,
    );
  }
}

/** @throws RequestError when the message is not JSON. */
export function parseMessage(label: string, message: Message): unknown {
  try {
    return JSON.parse(message.toString());
  } catch (cause) {
    throw new RequestError({
      what: `${label}: the message is not JSON: ${describe(message.toString())}`,
      why: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Use receive() for the message as it is.',
      cause,
    });
  }
}

/** @throws RequestError for what JSON cannot express. */
export function writeMessage(label: string, value: unknown): string {
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (cause) {
    throw new RequestError({
      what: `${label}: sendJson was given what cannot be written as JSON.`,
      why: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
  throw new RequestError({ what: `${label}: sendJson was given ${describe(value)}, which JSON cannot express.` });
}
