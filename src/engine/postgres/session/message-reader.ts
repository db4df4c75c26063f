import { parse } from 'pg-protocol';

/** A message of the server, as pg-protocol tells them apart: by its `name`. */
export type BackendMessage = Parameters<Parameters<typeof parse>[1]>[0];

type Take = (message: BackendMessage) => void;

/**
 * Cuts what a server sends into messages. pg-protocol exports its parser for streams alone, so this is as
 * much of one as the parser looks at.
 */
export class MessageReader {
  #read: (chunk: Buffer) => void = () => undefined;
  #take: Take = () => undefined;

  constructor() {
    const stream = {
      on: (event: string, listener: (chunk: Buffer) => void): void => {
        if (event === 'data') this.#read = listener;
      },
    };
    // The promise is of the stream's end, which never comes.
    void parse(stream as unknown as NodeJS.ReadableStream, (message) => this.#take(message));
  }

  /** Hands on the messages that are complete with this chunk; the rest is kept for the next one. */
  read(chunk: Buffer, take: Take): void {
    this.#take = take;
    this.#read(chunk);
  }
}
