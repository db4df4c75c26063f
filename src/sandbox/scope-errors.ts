import { LeakError, SandboxLostError, StragglerError } from '../errors.js';
import { shortSql } from './short-sql.js';
import type { CutConnection, EndedOwner, LateStatement, OpenWork } from './vocabulary.js';

/**
 * The error of a query that arrives when no test is running, or of a test that has ended.
 *
 * @param advice what mends it, where more is known than that it is late
 */
export function stragglerError(
  connection: string,
  sql: string,
  endedTitle: string | undefined,
  advice?: string,
): StragglerError {
  const when = endedTitle === undefined ? 'before any test had begun' : `after "${endedTitle}" had ended`;

  return new StragglerError({
    what: `${connection} sent "${shortSql(sql)}" ${when}.`,
    why:
      endedTitle === undefined
        ? 'Outside a test there is no transaction that would undo the query.'
        : "The test's work is rolled back already; the query would have landed in the next test.",
    remedy:
      endedTitle === undefined
        ? 'Query the database in tests and hooks only; put what all tests need into schema or seed of the config.'
        : (advice ??
          'Let the test wait for the work that sends this query (timers, jobs, requests without an answer), or stop that work when the test ends.'),
  });
}

/** Refuses a statement of a scope that is over, and tells of it. */
export function refuseLate(
  told: { refused(late: LateStatement): void },
  { title, advice }: EndedOwner,
  connection: string,
  sql: string,
): StragglerError {
  told.refused({ title, connection, sql, advice });
  return stragglerError(connection, sql, title, advice);
}

/** The error of a query on a connection that was cut at a test's end and still believes in its transaction. */
export function cutError(connection: string, sql: string, title: string): StragglerError {
  const test = title === '' ? 'an earlier test' : `"${title}"`;

  return new StragglerError({
    what: `${connection} sent "${shortSql(sql)}" after ${test} had ended, in the transaction that this test left open.`,
    why: 'That transaction was rolled back with its test: a query that believes in it would build on what is gone.',
    remedy: `Mend ${test}: the app has to commit or roll back on every path, before it gives the connection back to its pool.`,
  });
}

/** The error of a query in a transaction that was rolled back when the function of its test was over. */
export function abandonedError(connection: string, sql: string, title: string): StragglerError {
  return new StragglerError({
    what: `${connection} sent "${shortSql(sql)}" in a transaction that was rolled back as the function of "${title}" was over.`,
    why: 'The function has left it open, and the hooks behind it need the database.',
    remedy: 'The app has to commit or roll back on every path, also after errors, before the test is over.',
  });
}

/**
 * The error of a test that ended while the app had work open; the app had `drain` milliseconds to
 * finish it.
 *
 * @param requests a sentence for each request without an answer
 * @param advice what mends it, where that is known
 */
export function leakError(
  title: string,
  leftovers: readonly OpenWork[],
  drain: number,
  requests: readonly string[] = [],
  advice?: string,
): LeakError {
  const list = leftovers.map(openWorkSentence);

  return new LeakError({
    what: `"${title}" ended, and ${drain} ms later the app was not done: ${[...list, ...requests].join('; ')}.`,
    why: 'Work that outlives its test would write into the next one, so it was rolled back and the connection was cut off.',
    remedy:
      advice ??
      'Commit or roll back on every path (also after errors), and let the test wait for background work; raise drain in the config if it is only slow.',
  });
}

/** What the app has open, in words. */
export function openWorkSentence({ kind, connection, lastSql }: OpenWork): string {
  if (kind === 'opening') return `${connection} is being opened`;
  if (kind === 'closing') return `${connection} is being closed`;

  const state = kind === 'transaction' ? 'has a transaction open, last SQL' : 'is running';
  return `${connection} ${state} "${shortSql(lastSql)}"`;
}

/** Tells of a connection that was cut and whose client has not noticed. */
export function cutSentence({ connection, title, lastSql }: CutConnection): string {
  return `${connection} still believes in the transaction that "${title}" left open and that was rolled back; its last SQL was "${shortSql(lastSql)}"`;
}

/** What to do when a later test waits in vain. */
export function cutRemedy({ connection, title }: CutConnection): string {
  return `Mend "${title}" first: it never ended its transaction, so the app's pool still counts ${connection} as taken, and whoever needs a connection may wait for it for ever.`;
}

/** The error of a test during which a statement ended the sandbox's outer transaction. */
export function sandboxLostError(sql: string, connection: string, title: string | undefined): SandboxLostError {
  const during = title === undefined ? '' : ` during "${title}"`;

  return new SandboxLostError({
    what: `"${shortSql(sql)}" of ${connection} ended the transaction that was to be rolled back${during}.`,
    why: 'Some statements end the whole transaction, whatever savepoints it has: INSERT OR ROLLBACK, RAISE(ROLLBACK) in a trigger, a procedure that commits.',
    remedy:
      'Use ABORT instead of ROLLBACK as the conflict action. The sandbox was opened anew: the tests behind this one work.',
  });
}

/** Errors of scopes that have lost nothing but what they had written themselves. */
const own = new WeakSet<Error>();

/** Notes that the scopes around have lost nothing. */
export function spareOthers(error: Error): void {
  own.add(error);
}

/** Whether the scopes around may have lost something, too. */
export function sparesOthers(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(sparesOthers);
  return error instanceof Error && own.has(error);
}

/**
 * Why a test may miss the rows of hooks: an earlier test has lost them.
 *
 * @param layers titles of the suites whose hooks they were, outermost first
 */
export function hooksLostError(layers: readonly string[], during: string, lost: unknown): SandboxLostError {
  const hooks = layers.map((title) => (title === '' ? 'the root hooks' : `the hooks of "${title}"`)).join(', ');

  return new SandboxLostError({
    what: `Whatever ${hooks} had written before this test is gone: the sandbox was lost in "${during}".`,
    why: 'Hooks that run once write into the transaction that all tests of their suite are inside of, and it had ended.',
    remedy: `Mend "${during}" first: this test ran without these rows.`,
    cause: lost,
  });
}

/** The error of a test or its fixtures that lost the sandboxes of several databases; the first is its cause. */
export function severalLostError(errors: readonly unknown[]): SandboxLostError {
  const lost = errors.map((error) => (error instanceof Error ? error.message.split('\n', 1)[0] : String(error)));

  return new SandboxLostError({
    what: `Several databases lost the transaction that was to be rolled back:\n${lost.map((line) => `  - ${line}`).join('\n')}`,
    why: 'They were begun anew; what was written in the open scopes is gone.',
    remedy: 'The first of these errors is the cause of this one; it tells more.',
    cause: errors[0],
  });
}
