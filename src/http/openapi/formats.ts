import { isIP } from 'node:net';
import { Date } from '../../real-time.js';

/** A format of strings, or of numbers. */
export type Format =
  ((text: string) => boolean) | { readonly type: 'number'; readonly validate: (value: number) => boolean };

/** RFC 3339, section 5.6. */
const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/** The formats that are checked; others say something to readers alone. */
export const FORMATS: Readonly<Record<string, Format>> = {
  date: isDate,
  time: (text) => TIME.test(text),
  'date-time': (text) => isDate(text.slice(0, 10)) && /^[t ]/i.test(text.slice(10)) && TIME.test(text.slice(11)),
  uuid: (text) => /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text),
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  uri: (text) => /^[a-z][\w+.-]*:/i.test(text) && !/\s/.test(text),
  ipv4: (text) => isIP(text) === 4,
  ipv6: (text) => isIP(text) === 6,
  int32: { type: 'number', validate: (value) => Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31 },
  int64: { type: 'number', validate: (value) => Number.isInteger(value) },
};

function isDate(text: string): boolean {
  // 30 February is none.
  return DATE.test(text) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}
