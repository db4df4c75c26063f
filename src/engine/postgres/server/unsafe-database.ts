import { UnsafeDatabaseError } from '../../../errors.js';
import { describeUpstream, type Upstream } from './upstream.js';

/** @throws UnsafeDatabaseError when the database is not named like one for tests. */
export function refuseUnsafe(upstream: Upstream, allowAnyDatabase: boolean): void {
  if (allowAnyDatabase || upstream.database.toLowerCase().includes('test')) return;

  throw new UnsafeDatabaseError({
    what: `Lockstep does not open the ${describeUpstream(upstream)}: its name does not contain "test".`,
    why: 'Tests should not begin with the data of a database that somebody works with.',
    remedy:
      'Name a test database in database.url (or PGDATABASE), or set database.allowAnyDatabase: true. ' +
      'Without database.url a server is started for the run.',
  });
}
