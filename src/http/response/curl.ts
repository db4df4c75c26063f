import type { Readable } from 'node:stream';

/** A request as it went out. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer | Readable | undefined;
}

/** Headers that curl writes by itself, or that would not fit a body it reads elsewhere. */
const OWN = new Set(['host', 'content-length', 'accept-encoding', 'transfer-encoding']);

/** Bytes of a body that are shown; a longer one is named as a file. */
const SHOWN = 4096;

/** The request as a curl command for a POSIX shell. */
export function curlLine({ method, url, headers, body }: SentRequest): string {
  const words = ['curl'];
  if (method === 'HEAD') words.push('--head');
  else if (method !== (body === undefined ? 'GET' : 'POST')) words.push('-X', quoted(method));
  words.push(quoted(url));

  for (const [name, value] of Object.entries(headers)) {
    if (OWN.has(name)) continue;
    for (const each of typeof value === 'string' ? [value] : value) words.push('-H', quoted(`${name}: ${each}`));
  }
  if (headers['accept-encoding'] !== undefined) words.push('--compressed');
  if (body !== undefined) words.push('--data-binary', bodyWord(body));
  return words.join(' ');
}

function bodyWord(body: Buffer | Readable): string {
  if (!Buffer.isBuffer(body)) return quoted('@the-stream-that-the-test-sent');

  const text = body.length > SHOWN ? undefined : body.toString('utf8');
  if (text === undefined || text.startsWith('@') || !Buffer.from(text).equals(body) || text.includes('\0')) {
    return quoted(`@a-file-with-the-${body.length}-bytes-that-the-test-sent`);
  }
  return quoted(text);
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
