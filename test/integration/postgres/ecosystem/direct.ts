import pg from 'pg';
import type { Place } from './place.js';

/** Drops every schema but the server's own, so that nothing of the last test is left, whatever it made. */
const EMPTY = `
  do $$
  declare name text;
  begin
    for name in select nspname from pg_namespace where nspname not like 'pg\\_%' and nspname <> 'information_schema'
    loop execute format('drop schema %I cascade', name); end loop;
  end $$;
  create schema public;`;

/** A real database, in which everything is made anew before each test. */
export async function direct(url: string, schema: string): Promise<Place> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  await client.query("set client_min_messages = 'warning'");

  const rows = async (sql: string, parameters: readonly unknown[] = []): Promise<Record<string, unknown>[]> =>
    (await client.query<Record<string, unknown>>(sql, [...parameters])).rows;
  const empty = async (): Promise<void> => {
    await client.query(EMPTY + schema);
  };

  return { kind: 'direct', url, begin: empty, end: empty, rows, committed: rows, close: () => client.end() };
}
