import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { decodeContent } from './response/decode.js';

/** What came back, before it becomes a Response. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: Readonly<Record<string, string | undefined>>;
  /** Decoded as its `content-encoding` says. */
  readonly bytes: Buffer;
}

/** Reads an answer to its end. */
export function collect(
  message: IncomingMessage,
  settle: (answer: Answer) => void,
  fail: (cause: Error) => void,
): void {
  const chunks: Buffer[] = [];

  message.on('data', (chunk: Buffer) => chunks.push(chunk));
  message.on('error', fail);
  message.on('end', () => {
    const [first] = chunks;
    const received = chunks.length === 1 && first ? first : Buffer.concat(chunks);
    try {
      settle({
        status: message.statusCode ?? 0,
        statusText: message.statusMessage ?? '',
        headers: message.headers,
        trailers: message.trailers,
        bytes: decodeContent(message.headers['content-encoding'], received),
      });
    } catch (error) {
      fail(error as Error);
    }
  });
}
