import { inspect } from 'node:util';
import { nearest, type ResolvedConfig, type ResolvedDatabase } from '../config/index.js';
import { SessionUsageError } from '../errors.js';

/**
 * The config's database of that name; for the name of a replica, its primary.
 *
 * @throws SessionUsageError when the config has none that is called so.
 */
export function findDatabase({ databases, source }: ResolvedConfig, name: unknown): ResolvedDatabase {
  const found = databases.find((database) => [database, ...database.replicas].some((known) => known.name === name));
  if (found !== undefined) return found;

  const names = databases.flatMap((database) => [database.name, ...database.replicas.map((replica) => replica.name)]);
  const meant = typeof name === 'string' ? nearest(name, names) : undefined;
  throw new SessionUsageError({
    what: `session.of was given ${inspect(name, { depth: 0 })}, and no database of ${source} is called so.`,
    why: `There ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}.`,
    remedy: meant === undefined ? 'Name it under databases in the config.' : `Did you mean '${meant}'?`,
  });
}
