import { isDate } from 'node:util/types';
import { SessionUsageError } from '../../errors.js';
import { shortSql } from '../../sandbox/short-sql.js';
import { placeholders } from '../../sql/placeholders.js';
import type { Parameters } from '../engine.js';

/** How the values of one statement reach better-sqlite3: it takes `?` by position and all others by name. */
interface Slots {
  /** For each bare `?`, in order, its number as SQLite counts. */
  readonly anonymous: readonly number[];
  /** Each named placeholder once; `number` is where an array has its value. */
  readonly named: readonly { readonly name: string; readonly written: string; readonly number: number }[];
  /** How many values an array must have. */
  readonly length: number;
}

const NONE: readonly unknown[] = [];
const known = new Map<string, Slots>();

/**
 * The arguments for better-sqlite3 that bind these parameters.
 *
 * An array goes by position: `?`, `?1`, `$1` and also `:name` in the order of appearance. An object
 * goes by name, its keys with or without the sign.
 *
 * @throws SessionUsageError for too few or too many values, a missing name, and a value that SQLite
 * has no type for.
 */
export function bindValues(sql: string, parameters: Parameters | undefined): readonly unknown[] {
  const slots = slotsOf(sql);
  const given = parameters ?? NONE;

  if (Array.isArray(given)) return bindArray(sql, slots, given as readonly unknown[]);
  return bindObject(sql, slots, given as Readonly<Record<string, unknown>>);
}

function bindArray(sql: string, slots: Slots, values: readonly unknown[]): readonly unknown[] {
  if (values.length !== slots.length) {
    throw new SessionUsageError({
      what: `"${shortSql(sql)}" has ${plural(slots.length, 'placeholder')}, but ${plural(values.length, 'value')} came with it.`,
      remedy: 'Pass one value for each placeholder, as an array, or an object with a key for each name.',
    });
  }
  if (slots.named.length === 0) return values.map((value, index) => bindable(value, `number ${index + 1}`, sql));

  const anonymous = slots.anonymous.map((number) => bindable(values[number - 1], `number ${number}`, sql));
  const named = slots.named.map(({ name, written, number }) => [name, bindable(values[number - 1], written, sql)]);
  return [...anonymous, Object.fromEntries(named)];
}

function bindObject(sql: string, slots: Slots, values: Readonly<Record<string, unknown>>): readonly unknown[] {
  if (slots.anonymous.length > 0) {
    throw new SessionUsageError({
      what: `"${shortSql(sql)}" has placeholders without a name (?), but an object came with it.`,
      remedy: 'Pass the values as an array, or give the placeholders names (:name).',
    });
  }
  if (slots.named.length === 0) return NONE;

  const named = slots.named.map(({ name, written }) => {
    const key = Object.hasOwn(values, name) ? name : written;
    if (!Object.hasOwn(values, key)) throw missing(sql, written, Object.keys(values));
    return [name, bindable(values[key], written, sql)];
  });
  return [Object.fromEntries(named)];
}

/** The value as better-sqlite3 takes it. */
function bindable(value: unknown, place: string, sql: string): unknown {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
      return value;
    case 'boolean':
      return value ? 1 : 0;
    case 'object':
      if (value === null || Buffer.isBuffer(value)) return value;
      if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      break;
    default:
      break;
  }

  throw new SessionUsageError({
    what: `Parameter ${place} of "${shortSql(sql)}" is ${describe(value)}, which SQLite cannot store.`,
    why: 'It stores numbers, strings, bigints, bytes (Buffer, Uint8Array), booleans as 1 and 0, and null.',
    remedy: remedyFor(value),
  });
}

function describe(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value === 'object' && value !== null) return `an object (${value.constructor?.name ?? 'Object'})`;
  return `a ${typeof value}`;
}

function remedyFor(value: unknown): string {
  if (value === undefined) return 'Check the spelling of the property it comes from; pass null to store NULL.';
  if (isDate(value)) return 'Pass date.toISOString() or date.getTime(), whichever the app stores.';
  return 'Pass JSON.stringify(value), or the one property that is meant.';
}

function missing(sql: string, written: string, keys: readonly string[]): SessionUsageError {
  return new SessionUsageError({
    what: `"${shortSql(sql)}" needs a value for ${written}, but the object has ${keys.length === 0 ? 'no keys' : `only: ${keys.join(', ')}`}.`,
    remedy: `Add the key ${written.slice(1)}.`,
  });
}

function slotsOf(sql: string): Slots {
  const slots = known.get(sql) ?? findSlots(sql);
  if (known.size >= 500) known.clear();
  known.set(sql, slots);
  return slots;
}

/** SQLite numbers placeholders as https://www.sqlite.org/lang_expr.html#varparam says. */
function findSlots(sql: string): Slots {
  const anonymous: number[] = [];
  const named = new Map<string, { name: string; written: string; number: number }>();
  let last = 0;
  let length = 0;

  for (const { text, name } of placeholders(sql, 'sqlite')) {
    if (name === undefined) {
      last += 1;
      anonymous.push(last);
      length = Math.max(length, last);
    } else if (!named.has(text)) {
      // To SQLite, `$2` is only a name; whoever writes it with an array means the second value.
      const number = /^\d+$/.test(name) ? Number(name) : last + 1;
      last = text.startsWith('?') ? Math.max(last, number) : last + 1;
      length = Math.max(length, number);
      named.set(text, { name, written: text, number });
    }
  }
  return { anonymous, named: [...named.values()], length };
}

function plural(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`;
}
