import { SandboxLostError } from '../../errors.js';
import { shortSql } from '../../sandbox/short-sql.js';
import type { ScopeName } from '../../sandbox/vocabulary.js';

/**
 * The error of a statement that ended the outer transaction. `gone` are the scopes whose work went
 * with it, the outermost first; `current` is the innermost.
 */
export function lostError(
  sql: string,
  connection: string,
  current: string | undefined,
  gone: readonly Pick<ScopeName, 'kind' | 'title'>[],
  cause: unknown,
): SandboxLostError {
  const fixtures = gone.filter(({ title }) => title !== current).map(({ title }) => `"${title}"`);

  return new SandboxLostError({
    what:
      `"${shortSql(sql)}" of ${connection} ended the transaction that was to be rolled back` +
      `${current === undefined ? '' : ` at the end of "${current}"`}.` +
      (fixtures.length === 0 ? '' : ` The fixtures of ${fixtures.join(', ')} went with it.`),
    why: 'INSERT OR ROLLBACK and RAISE(ROLLBACK) in a trigger end the whole transaction, whatever savepoints it has.',
    remedy:
      'Use ABORT instead of ROLLBACK as the conflict action. The sandbox was begun anew; ' +
      (fixtures.length === 0 ? 'the next test has a clean one.' : 'tests that need those fixtures will miss them.'),
    cause,
  });
}
