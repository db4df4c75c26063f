import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { RequestError } from '../../errors.js';
import type { Fields, Files } from '../options.js';
import { encodeFieldList } from './fields.js';
import { fileParts } from './files.js';
import type { Part } from './files.js';

/** A multipart body; its length is undefined when a part is a stream. */
export interface MultipartBody {
  readonly content: Buffer | Readable;
  readonly contentType: string;
  readonly length: number | undefined;
}

/**
 * Encodes fields and files as `multipart/form-data`, as browsers do (HTML standard, "multipart/form-data
 * encoding algorithm"; RFC 7578). Bytes that are in memory become one buffer; files on disk, blobs and
 * streams are sent piece by piece.
 *
 * @throws RequestError for a field or a file that cannot be sent.
 */
export function encodeMultipart(
  label: string,
  form: Fields | URLSearchParams | FormData | undefined,
  files: Files | undefined,
): MultipartBody {
  const parts = [...fieldParts(label, form), ...(files === undefined ? [] : fileParts(label, files))];
  if (parts.length === 0) {
    throw new RequestError({
      what: `${label}: files and form are empty.`,
      why: 'A multipart body has at least one part (RFC 2046, section 5.1.1).',
    });
  }

  const boundary = `----lockstep${randomBytes(12).toString('hex')}`;
  const heads = parts.map((part) => Buffer.from(head(boundary, part)));
  const tail = Buffer.from(`--${boundary}--\r\n`);
  const contentType = `multipart/form-data; boundary=${boundary}`;

  const lengths = parts.map((part, index) => (part.length ?? NaN) + (heads[index]?.length ?? 0) + 2);
  const total = lengths.reduce((sum, length) => sum + length, tail.length);
  const length = Number.isNaN(total) ? undefined : total;

  const inMemory = parts.map(({ content }) => content).filter((content) => Buffer.isBuffer(content));
  if (inMemory.length < parts.length) {
    return { content: Readable.from(pieces(parts, heads, tail), { objectMode: false }), contentType, length };
  }
  const chunks = inMemory.flatMap((content, index) => [heads[index] ?? '', content, CRLF] as Buffer[]);
  return { content: Buffer.concat([...chunks, tail]), contentType, length };
}

const CRLF = Buffer.from('\r\n');

async function* pieces(parts: readonly Part[], heads: readonly Buffer[], tail: Buffer): AsyncGenerator<Uint8Array> {
  for (const [index, { content }] of parts.entries()) {
    yield heads[index] ?? tail;
    if (Buffer.isBuffer(content)) yield content;
    else yield* content();
    yield CRLF;
  }
  yield tail;
}

function head(boundary: string, { name, filename, type }: Part): string {
  const file = filename === undefined ? '' : `; filename="${escaped(filename)}"`;
  const kind = type === undefined ? '' : `Content-Type: ${type.replace(/[\r\n]/g, ' ')}\r\n`;
  return `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"${file}\r\n${kind}\r\n`;
}

function escaped(name: string): string {
  return name.replace(/\r\n?|\n/g, '%0D%0A').replace(/"/g, '%22');
}

function fieldParts(label: string, form: Fields | URLSearchParams | FormData | undefined): Part[] {
  if (form === undefined) return [];
  if (!(form instanceof FormData)) {
    return encodeFieldList(label, 'form', form).map(([name, value]) => textPart(name, value));
  }

  return [...form].flatMap(([name, value]) =>
    typeof value === 'string' ? [textPart(name, value)] : fileParts(label, { [name]: value }),
  );
}

function textPart(name: string, value: string): Part {
  // Line breaks of a form's values are sent as CR LF.
  const content = Buffer.from(value.replace(/\r\n?|\n/g, '\r\n'));
  return { name, filename: undefined, type: undefined, length: content.length, content };
}
