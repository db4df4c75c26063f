import type { IncomingHttpHeaders } from 'node:http';
import { RequestError } from '../../errors.js';
import { describe } from '../request/describe.js';
import type { User } from '../user.js';
import { END } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { waitAsync, waitHere } from './session.js';
import type { WaitOptions } from './session.js';

type Taken<T> = T | typeof END | undefined;

/** What a streamed answer shows at once; the same for both kinds of clients. */
abstract class StreamHead {
  readonly url: string;
  readonly status: number;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;

  constructor({ opened }: ByteSource) {
    this.url = opened.url;
    this.status = opened.message.statusCode ?? 0;
    this.headers = opened.message.headers;
  }
}

/**
 * An answer that is read piece by piece while the app is still sending it.
 *
 * Each read waits until the app has sent enough, and throws the app's error if the handler failed
 * meanwhile, `SyncTimeoutError` or `DeadlockError` naming request and read when nothing comes, and
 * `ClosedError` after `close()`.
 */
export class Stream extends StreamHead implements Iterable<Buffer> {
  readonly #user: User;
  readonly #source: ByteSource;

  constructor(user: User, source: ByteSource) {
    super(source);
    this.#user = user;
    this.#source = source;
  }

  /** The bytes that have arrived since the last read; undefined at the end. */
  next(options: WaitOptions = {}): Buffer | undefined {
    return this.#wait('next()', () => this.#source.takeChunk(), options);
  }

  /** The next line, in UTF-8, without its line break; undefined at the end. */
  readLine(options: WaitOptions = {}): string | undefined {
    return this.#wait('readLine()', () => this.#source.takeLine(), options);
  }

  /** Exactly `size` bytes (fewer at the end), or without `size` all that is still to come. */
  read(size: number = Infinity, options: WaitOptions = {}): Buffer {
    checkSize(this.#source, size);
    return this.#wait('read()', () => this.#source.takeBytes(size), options) ?? Buffer.alloc(0);
  }

  /** Each piece as it arrives, to the end. Leaving the loop early does not close the stream. */
  *[Symbol.iterator](): Generator<Buffer, void> {
    for (let chunk = this.next(); chunk !== undefined; chunk = this.next()) yield chunk;
  }

  /** Closes the connection: the app sees its client go away. Does nothing when the stream has ended. */
  close(): void {
    this.#source.close();
  }

  #wait<T>(what: string, attempt: () => Taken<T>, options: WaitOptions): T | undefined {
    const call = (): string => `${what} of ${this.#source.opened.exchange.label}`;
    const taken = waitHere(this.#user, call, () => this.#source.waits.until(what, attempt, undefined), options);
    return taken === END ? undefined : taken;
  }
}

/** The same, with promises. */
export class AsyncStream extends StreamHead implements AsyncIterable<Buffer> {
  readonly #user: User;
  readonly #source: ByteSource;

  constructor(user: User, source: ByteSource) {
    super(source);
    this.#user = user;
    this.#source = source;
  }

  next(options: WaitOptions = {}): Promise<Buffer | undefined> {
    return this.#wait('next()', () => this.#source.takeChunk(), options);
  }

  readLine(options: WaitOptions = {}): Promise<string | undefined> {
    return this.#wait('readLine()', () => this.#source.takeLine(), options);
  }

  async read(size: number = Infinity, options: WaitOptions = {}): Promise<Buffer> {
    checkSize(this.#source, size);
    return (await this.#wait('read()', () => this.#source.takeBytes(size), options)) ?? Buffer.alloc(0);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    for (let chunk = await this.next(); chunk !== undefined; chunk = await this.next()) yield chunk;
  }

  close(): void {
    this.#source.close();
  }

  async #wait<T>(what: string, attempt: () => Taken<T>, options: WaitOptions): Promise<T | undefined> {
    const taken = await waitAsync(this.#user, this.#source.waits, what, attempt, options);
    return taken === END ? undefined : taken;
  }
}

function checkSize({ opened }: ByteSource, size: unknown): void {
  if (size === Infinity || (Number.isSafeInteger(size) && (size as number) > 0)) return;

  throw new RequestError({
    what: `read() of ${opened.exchange.label}: the size is ${describe(size)}.`,
    remedy: 'Give a positive number of bytes, or nothing for all that is to come.',
  });
}
