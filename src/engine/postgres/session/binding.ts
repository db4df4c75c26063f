import { SessionUsageError } from '../../../errors.js';
import { shortSql } from '../../../sandbox/short-sql.js';
import { placeholders } from '../../../sql/placeholders.js';
import type { Parameters } from '../../engine.js';
import type { WireValue } from './link.js';
import { numberNames } from './named.js';
import { toWire } from './parameter.js';

/** A statement as it is sent. */
export interface Bound {
  readonly text: string;
  readonly values: readonly WireValue[];
}

/** The protocol counts parameters in 16 bits. */
const MOST = 65_535;
const NONE: readonly WireValue[] = [];

/**
 * Joins a statement with its values: an array fills `$1`, `$2` …, or `:name` in the order of first
 * appearance; an object fills `:name`, its keys with or without the colon.
 *
 * Without parameters the text goes as it is: the `$1` in it may belong to a function's body, and
 * the server knows better.
 *
 * @throws SessionUsageError for too few or too many values, a missing name, and a NUL character.
 */
export function bind(sql: string, parameters: Parameters | undefined): Bound {
  refuseNul('The SQL', sql);
  if (parameters === undefined) return { text: sql, values: NONE };

  return Array.isArray(parameters)
    ? bindArray(sql, parameters as readonly unknown[])
    : bindObject(sql, parameters as Readonly<Record<string, unknown>>);
}

function bindArray(sql: string, values: readonly unknown[]): Bound {
  const numbered = placeholders(sql, 'postgres');
  const { text, names } = numbered.length > 0 ? { text: sql, names: [] } : numberNames(sql);
  const wanted = Math.max(names.length, ...numbered.map(({ name }) => Number(name)));

  if (values.length === 0 && names.length === 0) return { text: sql, values: NONE };
  if (values.length > MOST) throw tooMany(sql, values.length);
  if (values.length !== wanted) throw wrongCount(sql, wanted, values.length);
  return { text, values: values.map((value, index) => wireValue(sql, `$${index + 1}`, value)) };
}

function bindObject(sql: string, values: Readonly<Record<string, unknown>>): Bound {
  const { text, names } = numberNames(sql);

  if (placeholders(sql, 'postgres').length > 0) {
    throw new SessionUsageError({
      what: `"${shortSql(sql)}" has numbered placeholders ($1), but an object came with it.`,
      remedy: 'Pass the values as an array, or give the placeholders names (:name).',
    });
  }
  return {
    text,
    values: names.map((name) => {
      const key = Object.hasOwn(values, name) ? name : `:${name}`;
      if (!Object.hasOwn(values, key)) throw missing(sql, name, Object.keys(values));
      return wireValue(sql, `:${name}`, values[key]);
    }),
  };
}

function wireValue(sql: string, place: string, value: unknown): WireValue {
  const wire = toWire(value);
  if (typeof wire === 'string') refuseNul(`Parameter ${place} of "${shortSql(sql)}"`, wire);

  return wire;
}

/** libpq would end the text there without a word; the server refuses it, in words that name no parameter. */
function refuseNul(what: string, text: string): void {
  const at = text.indexOf('\0');
  if (at < 0) return;

  throw new SessionUsageError({
    what: `${what} has a NUL character, at index ${at}.`,
    why: 'Postgres cannot store it in text.',
    remedy: 'To store bytes, pass a Buffer and use a bytea column.',
  });
}

function tooMany(sql: string, given: number): SessionUsageError {
  return new SessionUsageError({
    what: `"${shortSql(sql)}" came with ${given} values.`,
    why: `Postgres takes at most ${MOST} in one statement.`,
    remedy: 'Pass a list as one value: = any($1).',
  });
}

function wrongCount(sql: string, wanted: number, given: number): SessionUsageError {
  const marked = wanted === 0 && sql.includes('?');

  return new SessionUsageError({
    what: `"${shortSql(sql)}" has ${plural(wanted, 'placeholder')}, but ${plural(given, 'value')} came with it.`,
    why: marked ? 'On Postgres a question mark is an operator; placeholders are $1, $2 or :name.' : '',
    remedy: marked
      ? 'Write $1 instead of the first ?, and so on.'
      : 'Pass one value for each placeholder, as an array, or an object with a key for each name.',
  });
}

function missing(sql: string, name: string, keys: readonly string[]): SessionUsageError {
  return new SessionUsageError({
    what: `"${shortSql(sql)}" needs a value for :${name}, but the object has ${keys.length === 0 ? 'no keys' : `only: ${keys.join(', ')}`}.`,
    remedy: `Add the key ${name}. If it is the bound of an array slice, put a space behind its colon.`,
  });
}

function plural(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`;
}
