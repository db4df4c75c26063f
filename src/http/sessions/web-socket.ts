import type { User } from '../user.js';
import { waitAsync, waitHere } from './session.js';
import type { WaitOptions } from './session.js';
import type { Wait } from './waits.js';
import { parseMessage, writeMessage } from './web-socket-core.js';
import type { Closed, Message, WebSocketCore } from './web-socket-core.js';

/**
 * A WebSocket to the app.
 *
 * Waits throw `ClosedError` (with `closeCode` and `reason`) when the app has closed it, and
 * `SyncTimeoutError` or `DeadlockError` naming the URL and the wait when nothing comes.
 */
export class WebSocketSession implements Iterable<Message> {
  readonly url: string;
  readonly #user: User;
  readonly #core: WebSocketCore;

  constructor(user: User, core: WebSocketCore, url: string) {
    this.#user = user;
    this.#core = core;
    this.url = url;
  }

  /** The subprotocol that the app chose; empty for none. */
  get protocol(): string {
    return this.#core.protocol;
  }

  /** How it was closed; undefined while it is open. */
  get closed(): Closed | undefined {
    return this.#core.closed;
  }

  /** Sends text or, given bytes, a binary message. */
  send(message: string | Uint8Array, options: WaitOptions = {}): void {
    this.#wait('send()', () => ({ promise: this.#core.send(message), cancel: () => undefined }), options);
  }

  sendJson(value: unknown, options: WaitOptions = {}): void {
    this.send(writeMessage(this.#core.label, value), options);
  }

  /** The next message: text as a string, a binary one as a Buffer. */
  receive(options: WaitOptions = {}): Message {
    return this.#until('receive()', () => this.#core.take(), options);
  }

  /** @throws RequestError when the message is not JSON. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a message's shape is known to the test only
  receiveJson<T = any>(options: WaitOptions = {}): T {
    return parseMessage(this.#core.label, this.receive(options)) as T;
  }

  /** Waits until the app has closed it. Messages that came before can still be received. */
  receiveClose(options: WaitOptions = {}): Closed {
    return this.#until('receiveClose()', () => this.#core.closed, options);
  }

  /** Closes it and waits until the app has agreed. Does nothing when it is closed. */
  close(code: number = 1000, reason: string = '', options: WaitOptions = {}): void {
    if (this.#core.closed !== undefined) return;
    const begin = () => {
      this.#core.beginClose(code, reason);
      return this.#core.waits.until('close()', () => this.#core.closed, undefined);
    };
    this.#wait('close()', begin, options);
  }

  /** Breaks the connection off without a closing handshake, as a client that loses its network does. */
  disconnect(): void {
    this.#core.close();
  }

  /** Each message as it arrives, until the WebSocket is closed. */
  *[Symbol.iterator](): Generator<Message, void> {
    for (;;) {
      const next = this.#until('receive()', () => takeOrClosed(this.#core), {});
      if (next === null) return;
      yield next;
    }
  }

  #until<T>(what: string, attempt: () => T | undefined, options: WaitOptions): T {
    return this.#wait(what, () => this.#core.waits.until(what, attempt, undefined), options);
  }

  #wait<T>(what: string, begin: () => Wait<T>, options: WaitOptions): T {
    return waitHere(this.#user, () => `${what} of ${this.#core.label}`, begin, options);
  }
}

/** The same, with promises. */
export class AsyncWebSocketSession implements AsyncIterable<Message> {
  readonly url: string;
  readonly #user: User;
  readonly #core: WebSocketCore;

  constructor(user: User, core: WebSocketCore, url: string) {
    this.#user = user;
    this.#core = core;
    this.url = url;
  }

  get protocol(): string {
    return this.#core.protocol;
  }

  get closed(): Closed | undefined {
    return this.#core.closed;
  }

  async send(message: string | Uint8Array): Promise<void> {
    await this.#core.send(message);
  }

  async sendJson(value: unknown): Promise<void> {
    await this.#core.send(writeMessage(this.#core.label, value));
  }

  receive(options: WaitOptions = {}): Promise<Message> {
    return waitAsync(this.#user, this.#core.waits, 'receive()', () => this.#core.take(), options);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a message's shape is known to the test only
  async receiveJson<T = any>(options: WaitOptions = {}): Promise<T> {
    return parseMessage(this.#core.label, await this.receive(options)) as T;
  }

  receiveClose(options: WaitOptions = {}): Promise<Closed> {
    return waitAsync(this.#user, this.#core.waits, 'receiveClose()', () => this.#core.closed, options);
  }

  async close(code: number = 1000, reason: string = '', options: WaitOptions = {}): Promise<void> {
    if (this.#core.closed !== undefined) return;
    this.#core.beginClose(code, reason);
    await waitAsync(this.#user, this.#core.waits, 'close()', () => this.#core.closed, options);
  }

  disconnect(): void {
    this.#core.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void> {
    for (;;) {
      const next = await waitAsync(this.#user, this.#core.waits, 'receive()', () => takeOrClosed(this.#core), {});
      if (next === null) return;
      yield next;
    }
  }
}

/** A message; null once it is closed and none is left. */
function takeOrClosed(core: WebSocketCore): Message | null | undefined {
  if (core.closed === undefined) return core.take();
  try {
    return core.take();
  } catch {
    return null;
  }
}
