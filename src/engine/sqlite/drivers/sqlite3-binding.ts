import { isDate } from 'node:util/types';
import { placeholders } from '../../../sql/placeholders.js';
import { sqlite3Error } from './sqlite3-errors.js';

/** The parameters of a call: the value at each place, or under each name with its sign. */
export type Given = ReadonlyMap<number | string, unknown>;

/** What SQLite counts in a statement: `names[index - 1]` is the parameter's text, undefined for a bare `?`. */
interface Table {
  readonly names: readonly (string | undefined)[];
}

const known = new Map<string, Table>();

/**
 * Reads the parameters of `run`, `get`, `all`, `each` and `bind` as node-sqlite3 does: an array, an
 * object with names or numbers, or the values themselves.
 */
export function readParameters(values: readonly unknown[]): Given {
  const [first] = values;

  if (Array.isArray(first)) return byPlace(first);
  if (!isNames(first)) return byPlace(values);
  return new Map(Object.entries(first).map(([key, value]) => [isPlace(key) ? Number(key) : key, value] as const));
}

/**
 * The arguments by which better-sqlite3 binds the same values. What is not given is NULL.
 *
 * @throws Sqlite3Error SQLITE_RANGE for a place or name that the statement does not have.
 */
export function bindArguments(sql: string, given: Given): readonly unknown[] {
  const { names } = tableOf(sql);
  if (names.length === 0 && given.size === 0) return [];

  const values = new Array<unknown>(names.length).fill(null);
  for (const [key, value] of given) {
    // A value of no type that SQLite has is left out, whatever its place.
    if (!isBindable(value)) continue;
    const index = typeof key === 'number' ? key : names.indexOf(key) + 1;
    if (index < 1 || index > names.length) throw sqlite3Error('SQLITE_RANGE', 'column index out of range');
    values[index - 1] = toNative(value);
  }

  const anonymous = values.filter((_, index) => names[index] === undefined);
  const named = names.flatMap((name, index) => (name === undefined ? [] : [[name.slice(1), values[index]] as const]));
  return named.length === 0 ? anonymous : [...anonymous, Object.fromEntries(named)];
}

/** The value that a placeholder has in a trace. */
export function valueFor(sql: string, given: Given, text: string, place: number): unknown {
  const { names } = tableOf(sql);
  const bare = names.flatMap((name, index) => (name === undefined ? [index + 1] : []));
  const index = text === '?' ? bare[place] : names.indexOf(text) + 1;

  const value = (index === undefined ? undefined : given.get(index)) ?? given.get(text);
  return isBindable(value) ? toNative(value) : null;
}

function byPlace(values: readonly unknown[]): Given {
  return new Map(values.map((value, index) => [index + 1, value] as const));
}

function isNames(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return !(value instanceof RegExp) && !isDate(value) && !ArrayBuffer.isView(value);
}

function isPlace(key: string): boolean {
  return Number.isInteger(Number(key)) && key !== '';
}

function isBindable(value: unknown): boolean {
  return value !== undefined && typeof value !== 'bigint' && typeof value !== 'symbol' && typeof value !== 'function';
}

/** The value as node-sqlite3 stores it, in better-sqlite3's terms. */
function toNative(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      // better-sqlite3 binds every number as a float; a bigint it binds as an integer.
      return (value | 0) === value ? BigInt(value) : value;
    case 'boolean':
      return value ? 1n : 0n;
    case 'object':
      if (value === null) return null;
      if (value instanceof RegExp) return String(value);
      if (isDate(value)) return value.getTime();
      if (Buffer.isBuffer(value)) return value;
      if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return '[object Object]';
    default:
      return value;
  }
}

function tableOf(sql: string): Table {
  const table = known.get(sql) ?? readTable(sql);
  if (known.size >= 500) known.clear();
  known.set(sql, table);
  return table;
}

/** SQLite numbers placeholders as https://www.sqlite.org/lang_expr.html#varparam says. */
function readTable(sql: string): Table {
  const names: (string | undefined)[] = [];

  for (const { text } of placeholders(sql, 'sqlite')) {
    const number = /^\?(\d+)$/.exec(text)?.[1];
    if (number !== undefined) {
      while (names.length < Number(number)) names.push(undefined);
      names[Number(number) - 1] = text;
    } else if (text === '?') {
      names.push(undefined);
    } else if (!names.includes(text)) {
      names.push(text);
    }
  }
  return { names };
}
