import { message } from './frontend.js';

/*
 * Messages of the server, built and read.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

/** Letters of the messages that servers send. */
export const Back = {
  parseComplete: 0x31,
  bindComplete: 0x32,
  closeComplete: 0x33,
  notification: 0x41,
  commandComplete: 0x43,
  dataRow: 0x44,
  error: 0x45,
  copyIn: 0x47,
  copyOut: 0x48,
  emptyQuery: 0x49,
  keyData: 0x4b,
  notice: 0x4e,
  authentication: 0x52,
  parameterStatus: 0x53,
  rowDescription: 0x54,
  functionResult: 0x56,
  copyBoth: 0x57,
  ready: 0x5a,
  copyDone: 0x63,
  copyData: 0x64,
  noData: 0x6e,
  portalSuspended: 0x73,
  parameterDescription: 0x74,
} as const;

/** The transaction status that ReadyForQuery tells: idle, in a transaction, in a failed one. */
export type Status = 'I' | 'T' | 'E';

export const PARSE_COMPLETE: Buffer = message(Back.parseComplete);
export const BIND_COMPLETE: Buffer = message(Back.bindComplete);
export const CLOSE_COMPLETE: Buffer = message(Back.closeComplete);
export const NO_DATA: Buffer = message(Back.noData);
export const NO_PARAMETERS: Buffer = message(Back.parameterDescription, Buffer.from([0, 0]));
export const AUTHENTICATION_OK: Buffer = message(Back.authentication, Buffer.from([0, 0, 0, 0]));
/** Asks for the password as it is. */
export const CLEARTEXT_PASSWORD: Buffer = message(Back.authentication, Buffer.from([0, 0, 0, 3]));
export const SSL_REFUSED: Buffer = Buffer.from('N');

const READY: Readonly<Record<Status, Buffer>> = {
  I: message(Back.ready, Buffer.from('I')),
  T: message(Back.ready, Buffer.from('T')),
  E: message(Back.ready, Buffer.from('E')),
};

export function readyForQuery(status: Status): Buffer {
  return READY[status];
}

export function commandComplete(tag: string): Buffer {
  return message(Back.commandComplete, Buffer.from(`${tag}\0`));
}

export function parameterStatus(name: string, value: string): Buffer {
  return message(Back.parameterStatus, Buffer.from(`${name}\0${value}\0`));
}

export function keyData(processId: number, secretKey: number): Buffer {
  const body = Buffer.allocUnsafe(8);
  body.writeInt32BE(processId, 0);
  body.writeInt32BE(secretKey, 4);
  return message(Back.keyData, body);
}

export function notification(processId: number, channel: string, payload: string): Buffer {
  const body = Buffer.allocUnsafe(4);
  body.writeInt32BE(processId, 0);
  return message(Back.notification, body, Buffer.from(`${channel}\0${payload}\0`));
}

/** The description of a result of one column, of a type of fixed size. */
export function columnDescription(name: string, type: number, size: number, format: number): Buffer {
  const head = Buffer.from([0, 1]);
  const body = Buffer.alloc(18);
  body.writeInt32BE(type, 6);
  body.writeInt16BE(size, 10);
  body.writeInt32BE(-1, 12);
  body.writeInt16BE(format, 16);
  return message(Back.rowDescription, head, Buffer.from(`${name}\0`), body);
}

/** A row of one value. */
export function dataRow(value: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head.writeInt16BE(1, 0);
  head.writeInt32BE(value.length, 2);
  return message(Back.dataRow, head, value);
}

export function parameterDescription(types: readonly number[]): Buffer {
  const body = Buffer.alloc(2 + 4 * types.length);
  body.writeInt16BE(types.length, 0);
  for (const [index, type] of types.entries()) body.writeInt32BE(type, 2 + 4 * index);
  return message(Back.parameterDescription, body);
}

/** Fields of an error or notice by their letters: S severity, C SQLSTATE, M message, D detail, H hint … */
export type Fields = Readonly<Record<string, string>>;

export function errorResponse(fields: Fields): Buffer {
  return message(Back.error, encodeFields(fields));
}

export function noticeResponse(fields: Fields): Buffer {
  return message(Back.notice, encodeFields(fields));
}

function encodeFields(fields: Fields): Buffer {
  const text = Object.entries(fields).map(([letter, value]) => `${letter}${value.replaceAll('\0', '')}\0`);
  return Buffer.from(`${text.join('')}\0`);
}

/** The fields of an ErrorResponse or NoticeResponse. */
export function readFields(bytes: Buffer): Record<string, string> {
  const fields: Record<string, string> = {};

  for (let at = 5; at < bytes.length && bytes[at] !== 0;) {
    const end = bytes.indexOf(0, at);
    if (end < 0) break;
    fields[String.fromCharCode(bytes[at] ?? 0)] = bytes.toString('utf8', at + 1, end);
    at = end + 1;
  }
  return fields;
}

export function readTag(bytes: Buffer): string {
  return bytes.toString('utf8', 5, bytes.length - 1);
}

/** The values of a DataRow in text format. */
export function readRow(bytes: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 7;

  for (let left = bytes.readInt16BE(5); left > 0; left -= 1) {
    const length = bytes.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : bytes.toString('utf8', at, at + length));
    if (length > 0) at += length;
  }
  return values;
}

/** The two strings of a ParameterStatus. */
export function readParameter(bytes: Buffer): readonly [name: string, value: string] {
  const [name = '', value = ''] = bytes.toString('utf8', 5).split('\0');
  return [name, value];
}

/** A notification's channel and payload. */
export function readNotification(bytes: Buffer): readonly [channel: string, payload: string] {
  const [channel = '', payload = ''] = bytes.toString('utf8', 9).split('\0');
  return [channel, payload];
}
