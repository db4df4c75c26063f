import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/** The request as the Fetch standard has it; its signal aborts when the client goes away. */
export function toWebRequest(incoming: IncomingMessage, outgoing: ServerResponse): Request {
  const { method = 'GET', headers, url = '/' } = incoming;
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http';
  // In the absolute form of a proxy's request line the URL is complete.
  const address = url.startsWith('/') ? `${scheme}://${headers.host ?? 'localhost'}${url}` : url;

  const gone = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) gone.abort();
  });
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const body = hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null;
  return new Request(address, {
    method,
    headers: webHeaders(incoming),
    body: body as NonNullable<RequestInit['body']> | null,
    signal: gone.signal,
    ...(hasBody ? { duplex: 'half' } : {}),
  });
}

function webHeaders({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = rawHeaders.slice(index, index + 2);
    headers.append(name, value);
  }
  return headers;
}
