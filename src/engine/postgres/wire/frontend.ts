import type { Frame } from './frontend-reader.js';
import { MalformedMessage } from './malformed.js';

/*
 * Messages of a client, read and built.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** Letters of the messages that clients send. */
export const Front = {
  bind: 0x42,
  close: 0x43,
  describe: 0x44,
  execute: 0x45,
  functionCall: 0x46,
  flush: 0x48,
  parse: 0x50,
  query: 0x51,
  sync: 0x53,
  terminate: 0x58,
  copyDone: 0x63,
  copyData: 0x64,
  copyFail: 0x66,
  password: 0x70,
} as const;

/** What a client's first message asks for. */
export type Opening =
  | { readonly kind: 'ssl' }
  | { readonly kind: 'cancel'; readonly processId: number; readonly secretKey: number }
  | { readonly kind: 'startup'; readonly version: number; readonly parameters: ReadonlyMap<string, string> };

const CANCEL = 80877102;
const SSL = 80877103;
const GSS = 80877104;

export function readOpening({ bytes }: Frame): Opening {
  const code = bytes.readInt32BE(4);
  if (code === SSL || code === GSS) return { kind: 'ssl' };
  if (code === CANCEL) {
    if (bytes.length < 16) throw new MalformedMessage('cancel request without a key');
    return { kind: 'cancel', processId: bytes.readInt32BE(8), secretKey: bytes.readInt32BE(12) };
  }

  const parameters = new Map<string, string>();
  for (let at = 8; at < bytes.length && bytes[at] !== 0;) {
    const [name, behind] = readString(bytes, at);
    const [value, next] = readString(bytes, behind);
    parameters.set(name, value);
    at = next;
  }
  return { kind: 'startup', version: code, parameters };
}

/** What asks a server to cancel what runs on the connection with that key. It has no type: it is a first message. */
export function cancelRequest(processId: number, secretKey: number): Buffer {
  const request = Buffer.alloc(16);

  for (const [index, word] of [request.length, CANCEL, processId, secretKey].entries())
    request.writeInt32BE(word, index * 4);
  return request;
}

export function readQuery({ bytes }: Frame): string {
  return readString(bytes, 5)[0];
}

/** `rest` are the bytes of the parameters' types. */
export interface Parse {
  readonly name: string;
  readonly sql: string;
  readonly rest: Buffer;
}

export function readParse({ bytes }: Frame): Parse {
  const [name, behind] = readString(bytes, 5);
  const [sql, next] = readString(bytes, behind);
  return { name, sql, rest: bytes.subarray(next) };
}

/** `rest` are the bytes of the formats and values. */
export interface Bind {
  readonly portal: string;
  readonly statement: string;
  readonly rest: Buffer;
}

export function readBind({ bytes }: Frame): Bind {
  const [portal, behind] = readString(bytes, 5);
  const [statement, next] = readString(bytes, behind);
  return { portal, statement, rest: bytes.subarray(next) };
}

/** How many values a Bind has, given what stands behind its names. */
export function countValues(rest: Buffer): number {
  if (rest.length < 4) throw new MalformedMessage('a Bind without values');
  const formats = rest.readUInt16BE(0);
  const at = 2 + 2 * formats;
  if (rest.length < at + 2) throw new MalformedMessage('a Bind without values');
  return rest.readUInt16BE(at);
}

/** The value of a Bind's parameter, counted from 1, given what stands behind its names; undefined if it is null or not there. */
export function valueAt(rest: Buffer, parameter: number): string | undefined {
  let at = 2 + 2 * rest.readUInt16BE(0);
  if (parameter < 1 || parameter > rest.readUInt16BE(at)) return undefined;

  at += 2;
  for (let number = 1; number < parameter; number += 1) at += 4 + Math.max(rest.readInt32BE(at), 0);
  const length = rest.readInt32BE(at);
  return length < 0 ? undefined : rest.toString('utf8', at + 4, at + 4 + length);
}

/** The format of a Bind's first result column, given what stands behind its names: 0 for text, 1 for binary. */
export function resultFormat(rest: Buffer): number {
  let at = 2 + 2 * rest.readUInt16BE(0);
  let left = rest.readUInt16BE(at);
  for (at += 2; left > 0; left -= 1) at += 4 + Math.max(rest.readInt32BE(at), 0);
  return rest.readUInt16BE(at) === 0 ? 0 : rest.readUInt16BE(at + 2);
}

/** What a Describe or Close is about. */
export interface Target {
  readonly kind: 'statement' | 'portal';
  readonly name: string;
}

export function readTarget({ bytes }: Frame): Target {
  const letter = bytes[5];
  if (letter !== 0x53 && letter !== 0x50) throw new MalformedMessage('neither a statement nor a portal is meant');
  return { kind: letter === 0x53 ? 'statement' : 'portal', name: readString(bytes, 6)[0] };
}

/** `limit` is how many rows are wanted; 0 for all. */
export function readExecute({ bytes }: Frame): { readonly portal: string; readonly limit: number } {
  const [portal, end] = readString(bytes, 5);
  if (bytes.length < end + 4) throw new MalformedMessage('an Execute without a number of rows');

  return { portal, limit: bytes.readInt32BE(end) };
}

export function query(sql: string): Buffer {
  const length = Buffer.byteLength(sql);
  const bytes = Buffer.allocUnsafe(length + 6);
  bytes[0] = Front.query;
  bytes.writeInt32BE(length + 5, 1);
  bytes.write(sql, 5);
  bytes[length + 5] = 0;
  return bytes;
}

export function parse(name: string, sql: string, rest: Buffer): Buffer {
  return message(Front.parse, Buffer.from(`${name}\0${sql}\0`), rest);
}

export function bind(portal: string, statement: string, rest: Buffer): Buffer {
  return message(Front.bind, Buffer.from(`${portal}\0${statement}\0`), rest);
}

/** Execute, for all rows. */
export function execute(portal: string): Buffer {
  return message(Front.execute, Buffer.from(`${portal}\0\0\0\0\0`));
}

export function describe({ kind, name }: Target): Buffer {
  return message(Front.describe, Buffer.from(`${kind === 'statement' ? 'S' : 'P'}${name}\0`));
}

export function close({ kind, name }: Target): Buffer {
  return message(Front.close, Buffer.from(`${kind === 'statement' ? 'S' : 'P'}${name}\0`));
}

export function copyFail(reason: string): Buffer {
  return message(Front.copyFail, Buffer.from(`${reason}\0`));
}

export const SYNC: Buffer = message(Front.sync);
export const FLUSH: Buffer = message(Front.flush);
export const TERMINATE: Buffer = message(Front.terminate);

export function message(type: number, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  const head = Buffer.allocUnsafe(5);
  head[0] = type;
  head.writeInt32BE(length, 1);
  return Buffer.concat([head, ...parts], length + 1);
}

/** A string that ends with a zero byte, and the position behind it. */
function readString(bytes: Buffer, from: number): readonly [text: string, next: number] {
  const end = bytes.indexOf(0, from);
  if (end < 0) throw new MalformedMessage('a string without an end');
  return [bytes.toString('utf8', from, end), end + 1];
}
