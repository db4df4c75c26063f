import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { ClosedError } from '../../errors.js';
import { decoders } from '../response/decode.js';
import { brokenOff } from '../exchange.js';
import type { Opened } from './opening.js';
import type { OpenSession } from './session.js';
import { Waits } from './waits.js';

/** What stands for the end of the body where undefined means "not yet". */
export const END: unique symbol = Symbol('end');

const LINE_FEED = 0x0a;

/** The body of a streamed answer. It is read from the app only as far as it is asked for. */
export class ByteSource implements OpenSession {
  readonly opened: Opened;
  readonly waits: Waits;
  /** Bytes received so far. */
  received = 0;

  readonly #source: Readable;
  readonly #onClose: () => void;
  #rest: Buffer[] = [];
  #ended = false;
  #closed = false;
  #broken: Error | undefined;
  #aborted: { readonly reason: Error } | undefined;

  constructor(opened: Opened, onClose: () => void) {
    const { exchange, message } = opened;
    this.opened = opened;
    this.#onClose = onClose;
    this.waits = new Waits(() => `${exchange.label} (status ${message.statusCode}, ${this.received} bytes so far)`);

    this.#source = decoded(message);
    this.#source.on('readable', () => this.waits.notify());
    this.#source.once('end', () => this.#end(undefined));
    this.#source.on('error', (error: Error) => this.#end(error));
    this.#source.once('close', () => this.#end(undefined));
  }

  sentences(): readonly string[] {
    return this.waits.sentences();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.opened.exchange.takeFailure();
    this.opened.message.destroy();
    this.#source.destroy();
    this.#onClose();
    this.waits.notify();
  }

  /** Closes it as a client that goes away does; reads throw the reason. */
  abort(reason: Error): void {
    if (this.#ended) return;
    this.#aborted = { reason };
    this.close();
  }

  /** What has arrived; END after the last. */
  takeChunk(): Buffer | typeof END | undefined {
    this.#pull();
    const chunk = this.#rest.length === 0 ? undefined : Buffer.concat(this.#rest.splice(0));
    return chunk ?? this.#endIfEnded();
  }

  /** A line without its line break; the last one may lack it. */
  takeLine(): string | typeof END | undefined {
    this.#pull();
    const all = this.#joined();
    const at = all.indexOf(LINE_FEED);

    if (at >= 0) {
      this.#keep(all.subarray(at + 1));
      return all.subarray(0, all[at - 1] === 0x0d ? at - 1 : at).toString('utf8');
    }
    if (all.length === 0 || !this.#ended) return all.length === 0 ? this.#endIfEnded() : this.#refuseBroken();
    this.#rest = [];
    return all.toString('utf8');
  }

  /** Exactly `size` bytes, or fewer at the end. */
  takeBytes(size: number): Buffer | typeof END | undefined {
    this.#pull();
    const all = this.#joined();

    if (all.length < size && !this.#ended) return this.#refuseBroken();
    if (all.length === 0) return this.#endIfEnded();
    this.#keep(all.subarray(size));
    return all.subarray(0, size);
  }

  #pull(): void {
    if (this.#aborted !== undefined) throw this.#aborted.reason;
    if (this.#closed) {
      throw new ClosedError({
        what: `${this.opened.exchange.label}: the stream was closed by the test.`,
        remedy: 'Read before close().',
      });
    }
    for (;;) {
      const chunk = this.#source.read() as Buffer | null;
      if (chunk === null) return;
      this.received += chunk.length;
      this.#rest.push(chunk);
    }
  }

  #joined(): Buffer {
    const [first] = this.#rest;
    if (this.#rest.length === 1 && first !== undefined) return first;
    const all = Buffer.concat(this.#rest);
    this.#keep(all);
    return all;
  }

  #keep(rest: Buffer): void {
    this.#rest = rest.length === 0 ? [] : [rest];
  }

  #endIfEnded(): typeof END | undefined {
    return this.#ended && this.#broken === undefined ? END : this.#refuseBroken();
  }

  /** @throws the app's own error, or that of the connection, if it broke off. */
  #refuseBroken(): undefined {
    const { failure, label } = this.opened.exchange;
    if (failure?.kind === 'unhandled') throw failure.error;
    if (this.#broken !== undefined) throw brokenOff(label, this.#broken);
    return undefined;
  }

  #end(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#broken = error;
    if (error === undefined) this.#pullRest();
    this.#onClose();
    this.waits.notify();
  }

  /** Once it is over nothing announces what the stream still holds. */
  #pullRest(): void {
    if (!this.#closed) this.#pull();
  }
}

function decoded(message: IncomingMessage): Readable {
  let source: Readable = message;
  for (const decoder of decoders(message.headers['content-encoding'])) {
    // A failure of one is handed on to the next, and so to the reader.
    pipeline(source, decoder, () => undefined);
    source = decoder;
  }
  return source;
}
