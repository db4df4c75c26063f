import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzipSync,
  inflateRawSync,
  inflateSync,
} from 'node:zlib';
import type { Transform } from 'node:stream';
import { RequestError } from '../../errors.js';

/**
 * Undoes what `content-encoding` says. An encoding that is not known leaves the bytes as they are.
 *
 * @throws RequestError when the bytes are not in that encoding.
 */
export function decodeContent(encoding: string | undefined, bytes: Buffer): Buffer {
  // An answer to HEAD has the header without the body.
  if (encoding === undefined || bytes.length === 0) return bytes;

  let decoded = bytes;
  // Listed in the order in which they were applied.
  for (const coding of codings(encoding).reverse()) {
    try {
      decoded = decodeOne(coding, decoded);
    } catch (cause) {
      throw new RequestError({
        what: `The response says content-encoding: ${encoding}, but its body is not ${coding}.`,
        why: cause instanceof Error ? cause.message : String(cause),
        remedy:
          "Let the app encode the body or leave the header out; headers: { 'accept-encoding': null } asks for none.",
        cause,
      });
    }
  }
  return decoded;
}

/** Streams that undo what `content-encoding` says, in order. */
export function decoders(encoding: string | undefined): Transform[] {
  return codings(encoding ?? '')
    .reverse()
    .flatMap((coding) => {
      if (coding === 'gzip' || coding === 'x-gzip') return [createGunzip()];
      if (coding === 'deflate') return [createInflate()];
      return coding === 'br' ? [createBrotliDecompress()] : [];
    });
}

function decodeOne(coding: string, bytes: Buffer): Buffer {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return gunzipSync(bytes);
    case 'br':
      return brotliDecompressSync(bytes);
    case 'deflate':
      // "deflate" means zlib's format (RFC 9110, section 8.4.1.2); some senders leave its header out.
      return ((bytes[0] ?? 0) & 0x0f) === 8 ? inflateSync(bytes) : inflateRawSync(bytes);
    default:
      return bytes;
  }
}

function codings(encoding: string): string[] {
  return encoding
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
}
