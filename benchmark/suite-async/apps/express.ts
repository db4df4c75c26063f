/** The Express example as the async suite reaches it: over HTTP, and its rows through its own Knex. */

import { db } from '../../../examples/providers-express/src/db.js';

export { app } from '../../../examples/providers-express/src/app.js';

/** Inserts a row and returns it as it was stored. */
export async function insert<R>(table: string, row: object): Promise<R> {
  const [stored] = (await db(table).insert(row).returning('*')) as R[];

  return stored!;
}

export async function find<R = Record<string, unknown>>(
  table: string,
  where: object,
  columns: string[],
): Promise<R | undefined> {
  return db(table).where(where).first(columns) as Promise<R | undefined>;
}

export async function count(table: string, where: object = {}): Promise<number> {
  const [row] = await db(table).where(where).count({ rows: '*' });

  return Number(row?.['rows']);
}
