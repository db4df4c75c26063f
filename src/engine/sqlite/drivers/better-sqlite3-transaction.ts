type Work = (this: unknown, ...parameters: never[]) => unknown;

/** What a transaction needs of its database. */
export interface Transactional {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
}

const SAVEPOINT = '`\t_bs3.\t`';

/**
 * better-sqlite3's `db.transaction(fn)`: a function that runs `fn` in a transaction, or in a savepoint
 * inside one. Its properties `deferred`, `immediate` and `exclusive` begin otherwise; each has all of
 * them, as in better-sqlite3.
 */
export function wrapTransaction<Wrapped extends Work>(database: Transactional, work: Wrapped): Transaction<Wrapped> {
  const variants = {
    default: { value: wrap(database, work, 'BEGIN') },
    deferred: { value: wrap(database, work, 'BEGIN DEFERRED') },
    immediate: { value: wrap(database, work, 'BEGIN IMMEDIATE') },
    exclusive: { value: wrap(database, work, 'BEGIN EXCLUSIVE') },
  };
  const properties = { ...variants, database: { value: database, enumerable: true } };

  for (const { value } of Object.values(variants)) Object.defineProperties(value, properties);
  return variants.default.value as unknown as Transaction<Wrapped>;
}

export interface Transaction<Wrapped extends Work> {
  (...parameters: Parameters<Wrapped>): ReturnType<Wrapped>;
  readonly default: Transaction<Wrapped>;
  readonly deferred: Transaction<Wrapped>;
  readonly immediate: Transaction<Wrapped>;
  readonly exclusive: Transaction<Wrapped>;
}

function wrap(database: Transactional, work: Work, begin: string): Work {
  return function transaction(this: unknown, ...parameters: never[]): unknown {
    const nested = database.inTransaction;
    database.exec(nested ? `SAVEPOINT ${SAVEPOINT}` : begin);

    try {
      const result = work.apply(this, parameters);
      if (isPromise(result)) throw new TypeError('Transaction function cannot return a promise');
      database.exec(nested ? `RELEASE ${SAVEPOINT}` : 'COMMIT');
      return result;
    } catch (error) {
      // A statement may have ended it already.
      if (database.inTransaction) {
        database.exec(nested ? `ROLLBACK TO ${SAVEPOINT}` : 'ROLLBACK');
        if (nested) database.exec(`RELEASE ${SAVEPOINT}`);
      }
      throw error;
    }
  };
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
