import pg from 'pg';
import type { Row } from '#src/engine/index.js';
import type { Place } from './place.js';
import { openTcpDoor } from './tcp-door.js';

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
export async function direct(config: pg.ClientConfig, schema: string): Promise<Place> {
  const { host = '', port = 0, user = '', database = '' } = config;
  const door = await openTcpDoor(`${host}/.s.PGSQL.${port}`);
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  await client.query("set client_min_messages = 'warning'");

  const rows = async (sql: string, parameters: readonly unknown[] = []): Promise<Row[]> =>
    (await client.query<Row>(sql, [...parameters])).rows;
  let fresh = false;
  const empty = async (): Promise<void> => {
    if (!fresh) await client.query(EMPTY + schema);
    fresh = true;
  };

  return {
    kind: 'direct',
    url: `postgres://${user}@127.0.0.1:${door.port}/${database}`,
    begin: async () => {
      await empty();
      fresh = false;
    },
    end: empty,
    rows,
    committed: rows,
    close: async () => {
      await client.end();
      door.close();
    },
  };
}
