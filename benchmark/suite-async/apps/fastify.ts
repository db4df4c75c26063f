/** The Fastify example as the async suite reaches it: over HTTP, and its rows through its own Kysely. */

import type { Kysely } from 'kysely';
import { app as fastify } from '../../../examples/providers-fastify/src/app.js';
import { db as typed } from '../../../examples/providers-fastify/src/db.js';

/** Answers as soon as the hooks have waited for `ready()`. */
export const app = fastify.server;

// The suite names tables by strings, as Knex takes them.
const db = typed as unknown as Kysely<Record<string, Record<string, unknown>>>;

/** Inserts a row and returns it as it was stored. */
export async function insert<R>(table: string, row: object): Promise<R> {
  const values = row as Record<string, unknown>;

  return db.insertInto(table).values(values).returningAll().executeTakeFirstOrThrow() as Promise<R>;
}

export async function find<R = Record<string, unknown>>(
  table: string,
  where: object,
  columns: string[],
): Promise<R | undefined> {
  return db
    .selectFrom(table)
    .select(columns)
    .where((eb) => eb.and({ ...where }))
    .executeTakeFirst() as Promise<R | undefined>;
}

export async function count(table: string, where: object = {}): Promise<number> {
  const { rows } = await db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll().as('rows'))
    .where((eb) => eb.and({ ...where }))
    .executeTakeFirstOrThrow();

  return Number(rows);
}
