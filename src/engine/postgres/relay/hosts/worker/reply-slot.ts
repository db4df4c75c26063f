/** Bytes that fit in; what is longer goes by message. */
const SIZE = 64 * 1024;
/** The place of each word in the memory's beginning, and of the bytes behind them. */
const [NUMBER, LENGTH, BYTES] = [0, 1, 8];
const FREE = 0;

/**
 * Memory that two threads share for one chunk of bytes on its way: the quickest way to a thread that
 * blocks for it. Chunks are numbered from 1, so that the reader keeps the order with those that go
 * by message.
 */
export class ReplySlot {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(BYTES + SIZE)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, BYTES);
  }

  /** False where the chunk before has not been taken yet, and where the bytes are too many. */
  put(number: number, bytes: Uint8Array): boolean {
    if (bytes.length > SIZE || Atomics.load(this.#words, NUMBER) !== FREE) return false;

    this.#bytes.set(bytes);
    this.#words[LENGTH] = bytes.length;
    // Last: from here on the other thread reads.
    Atomics.store(this.#words, NUMBER, number);
    return true;
  }

  /** The chunk of that number, if it is here. */
  take(number: number): Uint8Array | undefined {
    if (Atomics.load(this.#words, NUMBER) !== number) return undefined;

    const bytes = this.#bytes.slice(0, this.#words[LENGTH]);
    Atomics.store(this.#words, NUMBER, FREE);
    return bytes;
  }
}
