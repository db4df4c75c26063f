import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { Writable } from 'node:stream';

/** The answer as HTTP/1 has it: the stream itself, with status and headers. */
type Message = ClientHttp2Stream & {
  statusCode: number;
  statusMessage: string;
  headers: IncomingHttpHeaders;
  trailers: IncomingHttpHeaders;
};

/** A request over HTTP/2 that behaves as a `ClientRequest` does, as far as the client uses one. */
export class Http2Request extends Writable {
  readonly #stream: ClientHttp2Stream;
  #answered = false;

  constructor(stream: ClientHttp2Stream) {
    // What was sent is not the end of it: the answer arrives on the same stream.
    super({ autoDestroy: false });
    this.#stream = stream;

    stream.on('headers', (headers) => {
      this.emit('information', { statusCode: Number(headers[':status']), headers: withoutPseudo(headers) });
    });
    stream.once('response', (headers) => {
      this.#answered = true;
      const message: Message = Object.assign(stream, {
        statusCode: Number(headers[':status']),
        statusMessage: '',
        headers: withoutPseudo(headers),
        trailers: {},
      });
      stream.once('trailers', (trailers: IncomingHttpHeaders) => (message.trailers = withoutPseudo(trailers)));
      // Cut off half way: the readable side of HTTP/2 would just end.
      stream.once('aborted', () => stream.destroy(new Error('the stream was aborted')));
      this.emit('response', message);
    });
    stream.on('error', (error) => this.emit('error', error));
    stream.once('close', () => {
      if (!this.#answered) this.emit('error', new Error(`the stream was closed with code ${stream.rstCode}`));
    });
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#stream.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.#stream.end();
    done();
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.#stream.destroy();
    done();
  }
}

function withoutPseudo(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')));
}
