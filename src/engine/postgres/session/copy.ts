import { SessionUsageError } from '../../../errors.js';
import { shortSql } from '../../../sandbox/short-sql.js';

/** Reason that the server is given when it asks for the data of a COPY. */
export const NO_COPY_DATA = 'the session has no data to copy';

/** COPY … FROM STDIN or TO STDOUT was sent: the session has no stream at its other end. */
export function refuseCopy(sql: string, direction: 'in' | 'out'): SessionUsageError {
  return new SessionUsageError({
    what: `"${shortSql(sql)}" copies ${direction === 'in' ? 'from' : 'to'} the client, and the session has no stream for it.`,
    remedy: direction === 'in' ? 'Use session.insert(table, rows).' : 'Use session.all with a SELECT.',
  });
}
