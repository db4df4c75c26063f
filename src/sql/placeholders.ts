import type { Dialect } from './dialect.js';
import { tokenize } from './lexer.js';
import { memoize } from './memo.js';

/** A place where a value is bound; `sql.slice(start, end) === text`. */
export interface Placeholder {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The name without its sign, `'1'` for `?1` and `$1`; undefined for a bare `?`. */
  readonly name: string | undefined;
}

const CACHED = 1000;
const NONE: readonly Placeholder[] = [];

/** The placeholders of a text, in order; one that is repeated is listed as often. */
export function placeholders(sql: string, dialect: Dialect): readonly Placeholder[] {
  return finders[dialect](sql);
}

const finders: Readonly<Record<Dialect, (sql: string) => readonly Placeholder[]>> = {
  sqlite: memoize((sql) => find(sql, 'sqlite'), CACHED),
  postgres: memoize((sql) => find(sql, 'postgres'), CACHED),
  mysql: memoize((sql) => find(sql, 'mysql'), CACHED),
};

function find(sql: string, dialect: Dialect): readonly Placeholder[] {
  const found = tokenize(sql, dialect)
    .filter((token) => token.kind === 'placeholder')
    .map(({ start, end }) => {
      const text = sql.slice(start, end);
      return { start, end, text, name: text.length > 1 ? text.slice(1) : undefined };
    });

  return found.length === 0 ? NONE : found;
}
