/** The client's end of a stream. */
export interface Line {
  /** What the client has to know; undefined where nobody else can come. */
  readonly password: string | undefined;
  write(bytes: Buffer): void;
  /** Stops and resumes reading from the client. */
  pause(): void;
  resume(): void;
  /** Says goodbye: what was written is sent, then the stream ends. */
  end(): void;
  /** Ends the stream at once. */
  destroy(): void;
}
