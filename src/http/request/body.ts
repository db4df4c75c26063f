import { Readable } from 'node:stream';
import { RequestError } from '../../errors.js';
import type { RequestOptions } from '../options.js';
import { describe } from './describe.js';
import { encodeFields } from './fields.js';
import { encodeMultipart } from './multipart.js';

/** A body ready to be sent, and the content type that goes with it unless the caller names one. */
export interface RequestBody {
  readonly content: Buffer | Readable;
  readonly contentType?: string;
  /** Bytes of a stream, where they are known. */
  readonly length?: number | undefined;
}

/**
 * The body that the options describe; undefined for none.
 *
 * @throws RequestError for what cannot be sent, e.g. circular JSON.
 */
export function encodeBody(label: string, options: RequestOptions): RequestBody | undefined {
  const { json, form, files, body } = options;

  if (json !== undefined) return { content: Buffer.from(encodeJson(label, json)), contentType: 'application/json' };
  // Naming FormData makes Node load its fetch, which takes milliseconds: only where a form is given.
  if (files !== undefined || (form !== undefined && form instanceof FormData))
    return encodeMultipart(label, form, files);
  if (form !== undefined) {
    const content = Buffer.from(encodeFields(label, 'form', form));
    return { content, contentType: 'application/x-www-form-urlencoded' };
  }
  if (body === undefined) return undefined;
  return encodeRaw(label, body);
}

function encodeJson(label: string, json: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(json);
  } catch (cause) {
    throw new RequestError({
      what: `${label}: json cannot be written as JSON.`,
      why: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Give plain data: no circular references, no BigInt.',
      cause,
    });
  }
  if (text !== undefined) return text;

  throw new RequestError({
    what: `${label}: json is ${describe(json)}, which JSON cannot express.`,
    remedy: 'Give an object, an array, a string, a number, a boolean or null.',
  });
}

function encodeRaw(label: string, body: unknown): RequestBody {
  if (typeof body === 'string') return { content: Buffer.from(body), contentType: 'text/plain;charset=UTF-8' };
  if (Buffer.isBuffer(body)) return { content: body };
  if (body instanceof Uint8Array) return { content: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
  if (body instanceof Readable) return { content: body };

  throw new RequestError({
    what: `${label}: body is ${describe(body)}.`,
    remedy:
      body instanceof URLSearchParams || body instanceof FormData
        ? 'Give it as form instead of body.'
        : 'Give a string, a Buffer (or Uint8Array) or a Readable; for plain data use json or form.',
  });
}
