import { inspect } from 'node:util';
import { SyncUsageError } from '../../errors.js';
import { isBuiltin, isObject, isThenable } from './kinds.js';
import { originalOf } from './originals.js';
import type { Sync } from './sync-type.js';
import { syncifiedObject } from './traps.js';

/**
 * The synchronous form of an async object, class or function: what returns a promise returns its
 * value, what is an async iterable is an iterable, and the same holds for what is found inside it or
 * returned by it. The object itself stays as it is, also for the app that uses it.
 *
 * The same object always has the same synchronous form. It can be handed back to the original, alone
 * or inside lists, plain objects and entities: the original gets its own object. Callbacks are run by
 * the original while the test waits, so they get plain async objects and have to use `await`.
 *
 * @example
 * ```ts
 * const users = syncify(dataSource.getRepository(User));
 * const user = users.findOneByOrFail({ name: 'Ada' });
 * expect(user.posts).to.have.length(2); // a lazy relation
 * ```
 *
 * @throws SyncUsageError for a promise, a query builder or anything that is no object: `sync` waits for those.
 */
export function syncify<T extends object>(target: T): Sync<T> {
  if (!isObject(target)) {
    throw new SyncUsageError({
      what: `syncify() got ${inspect(target)}, which is no object, class or function.`,
      remedy: 'Give it the object whose methods return promises, e.g. syncify(dataSource.getRepository(User)).',
    });
  }
  if (originalOf(target) === target && isThenable(target)) {
    throw new SyncUsageError({
      what: 'syncify() got a promise or a query that can be awaited.',
      why: 'Such a thing has one value, not methods to be made synchronous.',
      remedy: 'Use sync(work) for its value, or give syncify() the object that made it.',
    });
  }
  return (isBuiltin(target) ? target : syncifiedObject(target)) as Sync<T>;
}
