import { createReadStream, statSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { RequestError } from '../../errors.js';
import type { FileInput, Files } from '../options.js';
import { describe } from './describe.js';
import { mediaType } from './media-types.js';

/** One part of a multipart body. */
export interface Part {
  readonly name: string;
  /** Undefined for a field that is no file. */
  readonly filename: string | undefined;
  readonly type: string | undefined;
  /** Bytes; undefined where only the end of the stream tells. */
  readonly length: number | undefined;
  readonly content: Buffer | (() => AsyncIterable<Uint8Array>);
}

/**
 * The files as parts of a multipart body.
 *
 * @throws RequestError naming the field for what is no file, e.g. a path that does not exist.
 */
export function fileParts(label: string, files: Files): Part[] {
  const given: unknown = files;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new RequestError({
      what: `${label}: files is ${describe(given)}.`,
      remedy: "Give an object, e.g. { files: { avatar: { path: 'test/avatar.png' } } }.",
    });
  }

  return Object.entries(files).flatMap(([name, value]) =>
    Array.isArray(value)
      ? (value as readonly FileInput[]).map((file, index) => filePart(label, name, `files.${name}[${index}]`, file))
      : [filePart(label, name, `files.${name}`, value as FileInput)],
  );
}

function filePart(label: string, name: string, place: string, file: unknown): Part {
  if (isContent(file)) return contentPart(label, name, place, file, undefined, undefined);
  if (typeof file !== 'object' || file === null) throw notAFile(label, place, file);

  const { path, content, filename, type } = file as Record<string, unknown>;
  for (const [key, value] of Object.entries({ filename, type })) {
    if (value !== undefined && typeof value !== 'string') {
      throw new RequestError({ what: `${label}: ${place}.${key} is ${describe(value)}.`, remedy: 'Give a string.' });
    }
  }
  const named = filename as string | undefined;
  const typed = type as string | undefined;

  if (typeof path === 'string' && content === undefined) return pathPart(label, name, place, path, named, typed);
  if (typeof content === 'string' && path === undefined) {
    return contentPart(label, name, place, Buffer.from(content), named ?? 'file', typed ?? typeOf(named, 'text/plain'));
  }
  if (isContent(content) && path === undefined) return contentPart(label, name, place, content, named, typed);
  throw notAFile(label, place, file);
}

function pathPart(
  label: string,
  name: string,
  place: string,
  path: string,
  filename: string | undefined,
  type: string | undefined,
): Part {
  let size: number;
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw new Error('it is not a file');
    ({ size } = stats);
  } catch (cause) {
    throw new RequestError({
      what: `${label}: ${place} names ${describe(path)}, which cannot be read.`,
      why: cause instanceof Error ? cause.message : String(cause),
      remedy: `The path counts from the working directory, ${process.cwd()}.`,
      cause,
    });
  }
  const shown = filename ?? basename(path);
  return {
    name,
    filename: shown,
    type: type ?? mediaType(shown),
    length: size,
    content: () => createReadStream(path) as AsyncIterable<Buffer>,
  };
}

function contentPart(
  label: string,
  name: string,
  place: string,
  content: Uint8Array | Readable | Blob,
  filename: string | undefined,
  type: string | undefined,
): Part {
  if (content instanceof Uint8Array) {
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    return { name, filename: filename ?? 'file', type: type ?? typeOf(filename), length: bytes.length, content: bytes };
  }
  if (content instanceof Blob) {
    const shown = filename ?? ('name' in content && typeof content.name === 'string' ? content.name : 'file');
    const own = content.type === '' ? typeOf(shown) : content.type;
    return { name, filename: shown, type: type ?? own, length: content.size, content: () => blobChunks(content) };
  }
  if (content.destroyed || content.readableEnded) {
    throw new RequestError({
      what: `${label}: ${place} is a stream that has ended already.`,
      why: 'A stream can be sent once.',
      remedy: 'Make a new one for each request, or give the bytes.',
    });
  }
  return {
    name,
    filename: filename ?? 'file',
    type: type ?? typeOf(filename),
    length: undefined,
    content: () => content as AsyncIterable<Uint8Array>,
  };
}

async function* blobChunks(blob: Blob): AsyncGenerator<Uint8Array> {
  for await (const chunk of blob.stream()) yield chunk as Uint8Array;
}

function typeOf(filename: string | undefined, otherwise = 'application/octet-stream'): string {
  return filename === undefined ? otherwise : mediaType(filename);
}

function isContent(value: unknown): value is Uint8Array | Readable | Blob {
  return value instanceof Uint8Array || value instanceof Readable || value instanceof Blob;
}

function notAFile(label: string, place: string, file: unknown): RequestError {
  return new RequestError({
    what: `${label}: ${place} is ${describe(file)}.`,
    why: typeof file === 'string' ? 'A string may be meant as a path or as the content.' : '',
    remedy: "Give bytes, a stream, a Blob, { path: 'a.png' } or { content: '…', filename: 'a.txt' }.",
  });
}
