import type { SyncConnection } from '../engine/engine.js';
import { SessionUsageError } from '../errors.js';
import { openQuote } from './quoted.js';
import { checkValue, show } from './values.js';

/** What renders a query: the database's own placeholders, quotes and kinds of values. */
export type Dialect = Pick<SyncConnection, 'placeholder' | 'quoteName' | 'storesObjects'>;

/** SQL text and the values bound in it, in the order of their placeholders. */
export interface BoundStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A piece of SQL with its values, made by the `sql` tag. Immutable; made for no database in particular. */
export class Query {
  readonly #strings: readonly string[];
  readonly #values: readonly unknown[];

  constructor(strings: readonly string[], values: readonly unknown[]) {
    this.#strings = strings;
    this.#values = values;
    Object.freeze(this);
  }

  /**
   * The statement for one database.
   *
   * @throws SessionUsageError for a value that cannot be bound, e.g. undefined or an empty list.
   */
  bind(dialect: Dialect): BoundStatement {
    const values: unknown[] = [];
    const text = this.#append(dialect, values);

    return { text, values };
  }

  /** Placeholders are numbered over the whole statement, so all its fragments fill one list of values. */
  #append(dialect: Dialect, values: unknown[]): string {
    const one = (value: unknown): string => {
      checkValue(dialect, `Value ${values.length + 1} of the query`, value);
      return dialect.placeholder(values.push(value));
    };

    return this.#strings.reduce((text, part, index) => {
      const value = this.#values[index - 1];

      if (value instanceof Query) return text + value.#append(dialect, values) + part;
      if (value instanceof Name) return text + value.quote(dialect) + part;
      if (value instanceof Value) return text + one(value.content) + part;
      if (Array.isArray(value)) return `${text}(${nonEmpty(value, text).map(one).join(', ')})${part}`;
      return text + one(value) + part;
    });
  }
}

/** A table's or column's name inside a query. */
export class Name {
  readonly #parts: readonly string[];

  constructor(parts: readonly string[]) {
    this.#parts = parts;
    Object.freeze(this);
  }

  quote(dialect: Dialect): string {
    return this.#parts.map((part) => dialect.quoteName(part)).join('.');
  }
}

/** A value that is bound as one, also where it is a list. */
export class Value {
  readonly content: unknown;

  constructor(content: unknown) {
    this.content = content;
    Object.freeze(this);
  }
}

/** The `sql` tag and what goes with it. */
export interface SqlTag {
  /**
   * A query, or a piece of one, with its values bound.
   *
   * A value becomes a parameter; a list becomes `(?, ?)`, for IN; another `` sql`…` `` is put in
   * place with its own values.
   *
   * @example session.get(sql`select * from providers where id = ${id} and country in ${['AT', 'DE']}`)
   */
  (strings: TemplateStringsArray, ...values: readonly unknown[]): Query;

  /**
   * A quoted name of a table or column; several are joined by dots.
   *
   * @example sql`select ${sql.id('p', 'name')} from ${sql.id('providers')} p`
   */
  id(...names: readonly [string, ...string[]]): Name;

  /**
   * One value, also where it is a list: an array of Postgres.
   *
   * @example sql`select * from providers where tags && ${sql.value(['bank', 'online'])}`
   */
  value(content: unknown): Value;
}

/** Makes a query of a template literal; its values are bound, never put into the text. */
export const sql: SqlTag = Object.freeze(Object.assign(tag, { id, value }));

function tag(strings: TemplateStringsArray, ...values: readonly unknown[]): Query {
  if (!isTemplate(strings)) {
    throw new SessionUsageError({
      what: `sql was called with ${show(strings)}.`,
      why: 'sql is a template tag, so that values are bound instead of becoming part of the text.',
      remedy: 'Write sql`…` with backticks and no parentheses.',
    });
  }

  const quote = openQuote(strings);
  if (quote !== undefined) {
    throw new SessionUsageError({
      what: `A value of the query \`${strings.join('${…}').trim().slice(0, 80)}\` stands inside ${quote} quotes.`,
      why: 'There a placeholder is text; the value would not be used.',
      remedy:
        quote === "'" ? 'Leave the quotes out; for LIKE write ${`%${part}%`}.' : 'For a name write ${sql.id(name)}.',
    });
  }

  return new Query(strings, values);
}

function id(...names: readonly [string, ...string[]]): Name {
  const wrong = names.find((name: unknown) => typeof name !== 'string' || name === '');
  if (names.length === (0 as number) || wrong !== undefined) {
    throw new SessionUsageError({
      what: `sql.id was given ${show(wrong)}.`,
      why: 'A name is a string that is not empty.',
    });
  }

  return new Name(names);
}

function value(content: unknown): Value {
  return new Value(content);
}

/** Whether a value is the first argument of a template tag. */
export function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && 'raw' in value;
}

function nonEmpty(list: readonly unknown[], before: string): readonly unknown[] {
  if (list.length > 0) return list;

  throw new SessionUsageError({
    what: `The list after \`${before.trim().slice(-40)}\` is empty.`,
    why: 'IN () is no SQL on most databases, and what an empty list should mean depends on the query.',
    remedy: 'Leave the condition out, or do not run the query, when the list is empty.',
  });
}
