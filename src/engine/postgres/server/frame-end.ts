const READY_FOR_QUERY = 0x5a;
const HEADER = 5;

/**
 * Follows a server's bytes from the first on and finds what comes after the first ReadyForQuery, so
 * that a connection can be handed over in the middle of a chunk.
 */
export class FrameEnd {
  /** Bytes of a frame's header that came at the end of a chunk. */
  #header: Buffer = Buffer.alloc(0);
  /** Bytes of the current frame's body that are still to come. */
  #body = 0;
  #ready = false;

  /** The bytes of this chunk behind ReadyForQuery; undefined as long as it has not come. */
  after(chunk: Buffer): Buffer | undefined {
    let offset = 0;

    for (;;) {
      const skipped = Math.min(this.#body, chunk.length - offset);
      offset += skipped;
      this.#body -= skipped;
      if (this.#body > 0) return undefined;
      if (this.#ready) return chunk.subarray(offset);

      const taken = chunk.subarray(offset, offset + HEADER - this.#header.length);
      const header = Buffer.concat([this.#header, taken]);
      offset += taken.length;
      if (header.length < HEADER) {
        this.#header = header;
        return undefined;
      }

      this.#header = Buffer.alloc(0);
      this.#ready = header[0] === READY_FOR_QUERY;
      // The length counts itself, not the letter.
      this.#body = Math.max(header.readUInt32BE(1) - 4, 0);
    }
  }
}
