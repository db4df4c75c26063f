import type { IncomingHttpHeaders } from 'node:http';
import { RequestError } from '../../errors.js';
import { parseJson } from '../parse.js';
import type { User } from '../user.js';
import { END } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { EventParser } from './event-parser.js';
import type { ServerSentEvent } from './event-parser.js';
import { waitAsync, waitHere } from './session.js';
import type { WaitOptions } from './session.js';

/** The events of one answer, as they are taken from its lines. */
class EventSource {
  readonly url: string;
  readonly status: number;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
  protected readonly user: User;
  protected readonly source: ByteSource;
  readonly #parser = new EventParser();

  constructor(user: User, source: ByteSource) {
    const { url, message } = source.opened;
    this.url = url;
    this.status = message.statusCode ?? 0;
    this.headers = message.headers;
    this.user = user;
    this.source = source;
  }

  /** Closes the connection: the app sees its client go away. */
  close(): void {
    this.source.close();
  }

  /** The next event; END after the last, undefined while it is not complete. */
  protected take(): ServerSentEvent | typeof END | undefined {
    for (;;) {
      const line = this.source.takeLine();
      if (typeof line !== 'string') return line;
      const event = this.#parser.push(line);
      if (event !== undefined) return event;
    }
  }

  protected parse(event: ServerSentEvent): unknown {
    return parseJson(`${this.url}, event ${event.event}`, event.data);
  }
}

/**
 * Server-sent events of one answer. It does not connect again when the app ends the answer.
 *
 * For what its waits throw see `Stream`.
 */
export class EventStream extends EventSource implements Iterable<ServerSentEvent> {
  /** The next event; undefined when the app has ended the answer. */
  next(options: WaitOptions = {}): ServerSentEvent | undefined {
    const wait = () => this.source.waits.until('next()', () => this.take(), undefined);
    const taken = waitHere(this.user, () => `next() of ${this.source.opened.exchange.label}`, wait, options);
    return taken === END ? undefined : taken;
  }

  /**
   * The next event's data as JSON; undefined when the app has ended the answer.
   *
   * @throws RequestError when it is not JSON.
   */
  nextJson<T = unknown>(options: WaitOptions = {}): T | undefined {
    const event = this.next(options);
    return event === undefined ? undefined : (this.parse(event) as T);
  }

  /** Each event as it arrives, until the app ends the answer. */
  *[Symbol.iterator](): Generator<ServerSentEvent, void> {
    for (let event = this.next(); event !== undefined; event = this.next()) yield event;
  }
}

/** The same, with promises. */
export class AsyncEventStream extends EventSource implements AsyncIterable<ServerSentEvent> {
  async next(options: WaitOptions = {}): Promise<ServerSentEvent | undefined> {
    const taken = await waitAsync(this.user, this.source.waits, 'next()', () => this.take(), options);
    return taken === END ? undefined : taken;
  }

  async nextJson<T = unknown>(options: WaitOptions = {}): Promise<T | undefined> {
    const event = await this.next(options);
    return event === undefined ? undefined : (this.parse(event) as T);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ServerSentEvent, void> {
    for (let event = await this.next(); event !== undefined; event = await this.next()) yield event;
  }
}

/**
 * The answer as a source of events.
 *
 * @throws RequestError, after closing it, when the app has answered with something else.
 */
export function eventSource(source: ByteSource): ByteSource {
  const { message, exchange } = source.opened;
  const { statusCode: status = 0, headers } = message;
  const type = headers['content-type'] ?? 'no content type';
  if (status === 200 && /^text\/event-stream\b/i.test(type)) return source;

  source.close();
  throw new RequestError({
    what: `${exchange.label}: the app answered ${status} with ${type} instead of an event stream.`,
    why: 'An event stream has status 200 and the content type text/event-stream (HTML standard, "Server-sent events").',
    remedy: 'Use client.get to test such an answer, or client.stream to read it line by line.',
  });
}
