import type { ServerResponse } from 'node:http';

/** Sends a Response of the Fetch standard; resolves when it is sent, or nobody reads it any more. */
export async function sendWebResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  const { status, statusText, headers, body } = response;

  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    if (name === 'set-cookie') fields[name] = headers.getSetCookie();
    else fields[name] = value;
  }
  if (statusText === '') outgoing.writeHead(status, fields);
  else outgoing.writeHead(status, statusText, fields);
  if (body === null) {
    outgoing.end();
    return;
  }

  const reader = body.getReader();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  outgoing.once('close', stop);
  // Sent at once: a client that reads a stream waits for the head.
  outgoing.flushHeaders();
  for (;;) {
    const piece = await reader.read();
    if (piece.done || outgoing.destroyed) break;
    if (!outgoing.write(piece.value)) await drained(outgoing);
  }
  outgoing.off('close', stop);
  outgoing.end();
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done);
      outgoing.off('close', done);
      resolve();
    };
    outgoing.once('drain', done);
    outgoing.once('close', done);
  });
}
