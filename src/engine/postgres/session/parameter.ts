import { isDate } from 'node:util/types';

import type { WireValue } from './link.js';

/** An object that says itself how it is stored, as with pg. */
interface Convertible {
  toPostgres(convert: (value: unknown) => WireValue): unknown;
}

/**
 * A value as pg sends it: bytes in binary, a Date in the process's time zone, a list as an array
 * literal, any other object as JSON. A contract test holds both to be the same.
 */
export function toWire(value: unknown): WireValue {
  return convert(value, []);
}

function convert(value: unknown, seen: readonly Convertible[]): WireValue {
  if (value === null || value === undefined) return null;
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- functions, as pg has it
  if (typeof value !== 'object') return String(value);

  if (ArrayBuffer.isView(value)) return bytesOf(value);
  if (isDate(value)) return dateText(value);
  if (Array.isArray(value)) return arrayLiteral(value);
  if (!isConvertible(value)) return JSON.stringify(value) ?? null;

  if (seen.includes(value))
    throw new Error(`circular reference detected while preparing "${describe(value)}" for query`);
  return convert(value.toPostgres(toWire), [...seen, value]);
}

function arrayLiteral(list: readonly unknown[]): string {
  return `{${Array.from(list, element).join(',')}}`;
}

function element(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value)) return arrayLiteral(value);
  if (ArrayBuffer.isView(value)) return `\\\\x${bytesOf(value).toString('hex')}`;

  return `"${String(toWire(value)).replaceAll(/["\\]/g, '\\$&')}"`;
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.isBuffer(view) ? view : Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

/** With the offset written out, so that the session's TimeZone does not matter. */
function dateText(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const year = date.getFullYear();
  const distance = Math.abs(offset);

  const day = [digits(year < 1 ? 1 - year : year, 4), digits(date.getMonth() + 1), digits(date.getDate())].join('-');
  const time = [digits(date.getHours()), digits(date.getMinutes()), digits(date.getSeconds())].join(':');
  const zone = `${offset < 0 ? '-' : '+'}${digits(Math.floor(distance / 60))}:${digits(distance % 60)}`;
  return `${day}T${time}.${digits(date.getMilliseconds(), 3)}${zone}${year < 1 ? ' BC' : ''}`;
}

function digits(number: number, length = 2): string {
  return String(number).padStart(length, '0');
}

function isConvertible(value: object): value is Convertible {
  return 'toPostgres' in value && typeof value.toPostgres === 'function';
}

function describe(value: object): string {
  return Object.prototype.toString.call(value);
}
