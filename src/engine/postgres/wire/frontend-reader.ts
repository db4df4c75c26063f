import { LostPlace } from './malformed.js';

/** One message of a client: its type's letter (0 for the untyped ones at the start) and all its bytes. */
export interface Frame {
  readonly type: number;
  readonly bytes: Buffer;
}

const LONGEST_STARTUP = 10_000;
const LONGEST = 0x3fff_ffff;

/** Cuts a client's bytes into messages, however they were chunked. */
export class FrontendReader {
  #started = false;
  #chunks: Buffer[] = [];
  #length = 0;
  #wanted = 0;

  /** From here on messages have a type. */
  started(): void {
    this.#started = true;
  }

  /** Bytes that are kept for a message which is not complete. */
  get held(): number {
    return this.#length;
  }

  /** All that was not read yet. */
  get rest(): Buffer {
    return this.#joined();
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /**
   * The next complete message, undefined until more bytes have come.
   *
   * @throws LostPlace when its length cannot be meant.
   */
  next(): Frame | undefined {
    // A long message comes in many chunks: they are put together once, when all are there.
    if (this.#length < Math.max(this.#wanted, this.#started ? 5 : 4)) return undefined;

    const bytes = this.#joined();
    const length = this.#started ? bytes.readInt32BE(1) : bytes.readInt32BE(0);
    if (this.#started ? length < 4 || length > LONGEST : length < 8 || length > LONGEST_STARTUP)
      throw new LostPlace(`invalid message length: ${length}`);

    const total = this.#started ? length + 1 : length;
    if (bytes.length < total) {
      this.#wanted = total;
      return undefined;
    }
    this.#wanted = 0;
    this.#chunks = total === bytes.length ? [] : [bytes.subarray(total)];
    this.#length = bytes.length - total;
    const frame = total === bytes.length ? bytes : bytes.subarray(0, total);
    return { type: this.#started ? (frame[0] ?? 0) : 0, bytes: frame };
  }

  #joined(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && this.#chunks.length === 1) return first;

    const joined = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [joined];
    return joined;
  }
}
