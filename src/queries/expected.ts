import { inspect } from 'node:util';
import { SessionUsageError } from '../errors.js';

/** How many statements are expected. */
export interface QueryCount {
  /** At least so many. */
  readonly min?: number;
  /** At most so many. */
  readonly max?: number;
  /** Counts BEGIN, COMMIT, SAVEPOINT and the like as well. Default: false. */
  readonly transactions?: boolean;
}

/** An expectation that was checked. */
export interface Expected {
  readonly min: number;
  readonly max: number;
  readonly transactions: boolean;
}

const KEYS: readonly string[] = ['min', 'max', 'transactions'] satisfies readonly (keyof QueryCount)[];
/** More are not kept, and what is not kept cannot be told apart. */
const MOST = 1000;

/**
 * Reads what a test expects.
 *
 * @param what the call as the test wrote it, e.g. `expectQueries`
 * @throws SessionUsageError for what is no number of statements.
 */
export function readExpected(what: string, given: unknown): Expected {
  if (typeof given === 'number') {
    const exact = readCount(what, 'the number of statements', given);
    return { min: exact, max: exact, transactions: false };
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw wrong(
      what,
      `${show(given)} as the number of statements`,
      'Write 3, { max: 3 }, { min: 1 } or { min: 1, max: 3 }.',
    );
  }

  for (const key of Object.keys(given)) {
    if (!KEYS.includes(key)) throw wrong(what, `the option "${key}"`, `There are ${KEYS.join(', ')}.`);
  }
  const { min, max, transactions = false } = given as Record<string, unknown>;
  if (min === undefined && max === undefined)
    throw wrong(what, `${show(given)}, which expects nothing`, 'Give a number, min or max.');
  if (typeof transactions !== 'boolean')
    throw wrong(what, `transactions: ${show(transactions)}`, 'It is true or false.');
  const least = min === undefined ? 0 : readCount(what, 'min', min);
  const most = max === undefined ? Infinity : readCount(what, 'max', max);
  if (least > most) throw wrong(what, `min: ${least}, max: ${most}`, 'Did you mean it the other way round?');
  return { min: least, max: most, transactions };
}

/** `3 statements`, `at most 3 statements`. */
export function expectedText({ min, max }: Expected): string {
  if (min === max) return statements(min);
  if (max === Infinity) return `at least ${statements(min)}`;
  return min === 0 ? `at most ${statements(max)}` : `${min} to ${statements(max)}`;
}

export function statements(count: number): string {
  return `${count} ${count === 1 ? 'statement' : 'statements'}`;
}

function readCount(what: string, name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST) return value;
  throw wrong(what, `${show(value)} as ${name}`, `It is a whole number from 0 to ${MOST}.`);
}

function wrong(what: string, given: string, remedy: string): SessionUsageError {
  return new SessionUsageError({ what: `${what} was given ${given}.`, remedy });
}

function show(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Infinity, maxStringLength: 60 });
}
