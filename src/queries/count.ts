import { inspect, types } from 'node:util';
import { QueryCountError, SessionUsageError } from '../errors.js';
import { complete } from './complete.js';
import { currentLog } from './current.js';
import { type Expected, expectedText, type QueryCount, readExpected, statements } from './expected.js';
import { repeatLine, shapeLines } from './lines.js';
import type { QueryLog, Sent } from './log.js';

/** What a function has sent, compared with what was expected. */
export interface Counted<T> {
  /** What the function returned. */
  readonly value: T;
  readonly holds: boolean;
  readonly actual: number;
  /** Undefined where a range is expected. */
  readonly expected: number | undefined;
  /** `expected 3 statements, the app sent 5`, and a line for each kind of them. */
  readonly lines: readonly string[];
}

/**
 * Runs a function and checks how many statements the app sends meanwhile, to all databases. The
 * session's do not count, and BEGIN, COMMIT, SAVEPOINT and the like only with `transactions: true`.
 *
 * @param expected that many, or `{ max: 3 }`, `{ min: 1 }`, `{ min: 1, max: 3 }`
 * @returns what the function returns
 * @throws QueryCountError with a list of the statements when there are more or less.
 * @throws SessionUsageError for what is no number, and for a function that is async or returns a promise.
 * @example
 * ```ts
 * const res = expectQueries(2, () => client.get('/providers'));
 * ```
 */
export function expectQueries<T>(expected: number | QueryCount, fn: () => T): T {
  const counted = countQueries('expectQueries', expected, fn);
  if (counted.holds) return counted.value;

  const [what = '', ...more] = counted.lines;
  throw new QueryCountError(
    { what: `${what}.`, why: more.join('\n  ') },
    { actual: counted.actual, expected: counted.expected },
  );
}

/** As `expectQueries`, and leaves it to the caller what becomes of it. `what` is the call as the test wrote it. */
export function countQueries<T>(what: string, given: unknown, fn: () => T): Counted<T> {
  const expected = readExpected(what, given);
  checkFunction(what, fn);
  const log = currentLog(what);

  const mark = log.mark();
  const value = fn();
  checkValue(what, value);
  return judge(log, expected, log.since(mark), value);
}

function judge<T>(log: QueryLog, expected: Expected, { entries, omitted }: Sent, value: T): Counted<T> {
  const counted = entries.filter(({ record, control }) => record.by === 'app' && (expected.transactions || !control));
  // Of those that are not kept it is not known whose they were; there were a thousand others at least.
  const actual = counted.length + omitted;
  const holds = actual >= expected.min && actual <= expected.max;

  const sent = `${omitted > 0 ? 'about ' : ''}${statements(actual)}`;
  return {
    value,
    holds,
    actual,
    expected: expected.min === expected.max ? expected.min : undefined,
    lines: [
      `expected ${expectedText(expected)}, the app sent ${sent}`,
      ...shapeLines(counted),
      ...log.repeats(counted).map(repeatLine),
    ],
  };
}

function checkFunction(what: string, fn: unknown): void {
  if (typeof fn !== 'function') {
    throw new SessionUsageError({
      what: `${what} was given ${inspect(fn, { depth: -1 })} to run.`,
      why: 'It counts what is sent while a function runs; what was done before cannot be counted.',
      remedy: "Give a function: () => client.get('/providers').",
    });
  }
  if (types.isAsyncFunction(fn)) throw asynchronous(what, 'an async function');
}

function checkValue(what: string, value: unknown): void {
  if (typeof (value as { then?: unknown } | null | undefined)?.then !== 'function' || complete(value)) return;
  // The error below says what is wrong; this one would only come on top of it.
  if (value instanceof Promise) value.catch(() => undefined);
  throw asynchronous(what, 'a function that returns a promise');
}

function asynchronous(what: string, given: string): SessionUsageError {
  return new SessionUsageError({
    what: `${what} was given ${given}.`,
    why: 'It would go on after the statements have been counted.',
    remedy: "Give a plain function and wait inside it: () => client.get('/providers'), or () => sync(work).",
  });
}
