import { isDate } from 'node:util/types';
import { RequestError } from '../../errors.js';
import type { Fields } from '../options.js';
import { describe } from './describe.js';

/**
 * Encodes a query string or a form as `application/x-www-form-urlencoded`.
 *
 * @throws RequestError for a value that has no one obvious encoding, e.g. an object.
 */
export function encodeFields(label: string, option: 'params' | 'form', fields: Fields | URLSearchParams): string {
  return fields instanceof URLSearchParams
    ? fields.toString()
    : new URLSearchParams(encodeFieldList(label, option, fields)).toString();
}

/** The same as names and values, one by one. */
export function encodeFieldList(
  label: string,
  option: 'params' | 'form',
  fields: Fields | URLSearchParams,
): [name: string, value: string][] {
  if (fields instanceof URLSearchParams) return [...fields];

  const given: unknown = fields;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new RequestError({
      what: `${label}: ${option} is ${describe(given)}.`,
      remedy: `Give an object, e.g. { ${option}: { page: 2, tag: ['a', 'b'] } }, or a URLSearchParams.`,
    });
  }

  const encoded: [string, string][] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue;
    if (Array.isArray(value)) {
      for (const [index, item] of (value as readonly unknown[]).entries()) {
        encoded.push([name, encodeScalar(label, `${option}.${name}[${index}]`, item)]);
      }
    } else {
      encoded.push([name, encodeScalar(label, `${option}.${name}`, value)]);
    }
  }
  return encoded;
}

function encodeScalar(label: string, place: string, value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (isDate(value) && !Number.isNaN(value.getTime())) return value.toISOString();
      throw new RequestError({
        what: `${label}: ${place} is ${isDate(value) ? 'an invalid Date' : describe(value)}.`,
        why: 'A query string and a form carry text only; apps disagree on how to write anything else.',
        remedy: 'Give a string, number, boolean or Date, or encode it as the app expects, e.g. with JSON.stringify.',
      });
  }
}
