import { bind, close, execute, parse, SYNC } from '../wire/frontend.js';

const NO_TYPES = Buffer.alloc(2);
const NO_VALUES = Buffer.alloc(6);
const QUIET = 'lockstep_quiet';

const CLOSE_PORTAL = close({ kind: 'portal', name: QUIET });
const CLOSE_STATEMENT = close({ kind: 'statement', name: QUIET });
const RUN = Buffer.concat([bind(QUIET, QUIET, NO_VALUES), execute(QUIET), CLOSE_PORTAL, CLOSE_STATEMENT]);

/**
 * The messages that run statements one after the other and, other than a query, leave the unnamed statement and
 * portal alone. A portal that is left open would keep its tables from being altered; what a failure has left is
 * closed first.
 */
export function quietly(statements: readonly string[]): Buffer {
  const runs = statements.flatMap((sql) => [parse(QUIET, sql, NO_TYPES), RUN]);
  return Buffer.concat([CLOSE_PORTAL, CLOSE_STATEMENT, ...runs, SYNC]);
}
