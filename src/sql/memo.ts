import type { Dialect } from './dialect.js';

/** Longer texts are seldom repeated, and keeping them would cost more than reading them again. */
const LONGEST = 16_384;

/**
 * Remembers what a function of a text answered, for at most `limit` texts. The oldest answer makes
 * room for a new one: reordering at every hit would cost more than it saves, since apps repeat few
 * statements.
 */
export function memoize<Value>(compute: (text: string) => Value, limit: number): (text: string) => Value {
  const answers = new Map<string, Value>();

  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;

    const value = compute(text);
    if (text.length > LONGEST) return value;

    const oldest = answers.size < limit ? undefined : answers.keys().next().value;
    if (oldest !== undefined) answers.delete(oldest);
    answers.set(text, value);
    return value;
  };
}

/** The same for a function of a text in a dialect: at most `limit` texts of each. */
export function memoizeByDialect<Value>(
  compute: (text: string, dialect: Dialect) => Value,
  limit: number,
): (text: string, dialect: Dialect) => Value {
  const byDialect: Readonly<Record<Dialect, (text: string) => Value>> = {
    sqlite: memoize((text) => compute(text, 'sqlite'), limit),
    postgres: memoize((text) => compute(text, 'postgres'), limit),
    mysql: memoize((text) => compute(text, 'mysql'), limit),
  };
  return (text, dialect) => byDialect[dialect](text);
}
