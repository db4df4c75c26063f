import pg from 'pg';
import { blockedHost, type Row } from '#src/engine/index.js';
import { type Parts, postgresEngine, type PostgresOptions } from '#src/engine/postgres/index.js';
import { openSession } from '#src/engine/postgres/session/index.js';
import type { Place } from './place.js';

const ENV = 'SHOP_DATABASE_URL';

/** The suites are async: nobody runs the loop while the session waits. */

const parts: Parts = {
  serverModule: new URL('../server-module.js', import.meta.url).href,
  openSession: (end) =>
    openSession({
      root: process.cwd(),
      connection: end,
      ...(!end.servesLibpq && { driver: 'builtin' as const }),
      openPipe: () => end.openPipe(),
      beforeStatement: (sql) => end.beforeStatement(sql),
    }).session,
};

/** The same database through the sandbox. */
export async function sandboxed(config: pg.ClientConfig, schema: string): Promise<Place> {
  const stranger = new pg.Client(config);
  stranger.on('error', () => undefined);
  await stranger.connect();
  await stranger.query(schema);

  const options: PostgresOptions = {
    server: config,
    database: config.database ?? '',
    env: [ENV],
    clock: 'statement',
    stallTimeout: 100,
    holdTimeout: 10_000,
    root: process.cwd(),
  };
  const engine = await postgresEngine(parts).load(options);
  const restore = engine.prepare();
  const url = process.env[ENV] ?? '';
  const sandbox = await engine.open(blockedHost);

  return {
    kind: 'sandbox',
    url,
    begin: (title, kind = 'test') => sandbox.begin({ kind, title }),
    end: () => sandbox.end(),
    rows: (sql, parameters = []): Row[] => sandbox.session.execute(sql, parameters).rows,
    committed: async (sql) => (await stranger.query<Row>(sql)).rows,
    close: async () => {
      await sandbox.close();
      restore();
      await stranger.end();
    },
  };
}
