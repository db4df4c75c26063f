import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import pg from 'pg';
import type { Host, Row } from '#src/engine/index.js';
import { type Parts, postgresEngine, type PostgresOptions } from '#src/engine/postgres/index.js';
import { openSession } from '#src/engine/postgres/session/index.js';
import type { Place } from './place.js';

const ENV = 'SHOP_DATABASE_URL';

/** The suites are async: nobody runs the loop while the session waits. */
const host: Host = { canWait: () => false, waitUntil: () => false };

const parts: Parts = {
  serverModule: import.meta.resolve('#src/engine/postgres/server/index.js'),
  openSession: (end) => {
    const { openPipe, beforeStatement, ...connection } = end;
    return openSession({ root: process.cwd(), connection, openPipe, beforeStatement: (sql) => beforeStatement(sql) })
      .session;
  },
};

/** The same database through the sandbox. */
export async function sandboxed(url: string, schema: string): Promise<Place> {
  const stranger = new pg.Client(url);
  stranger.on('error', () => undefined);
  await stranger.connect();
  await stranger.query(schema);

  const options: PostgresOptions = {
    server: { url, root: process.cwd() },
    database: stranger.database ?? '',
    env: [ENV],
    clock: 'statement',
    stallTimeout: 150,
    holdTimeout: 10_000,
    root: process.cwd(),
  };
  const engine = postgresEngine(parts);
  const restore = engine.prepare(options);
  const sandbox = engine.open(options, host);

  // TODO: until the relay listens on TCP itself
  const inner = new URL(process.env[ENV] ?? '');
  const proxy = createServer((socket) => {
    const to = connect(`${inner.searchParams.get('host')}/.s.PGSQL.${inner.port}`);
    socket.setNoDelay(true);
    socket.on('error', () => to.destroy()).on('close', () => to.destroy());
    to.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.pipe(to).pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const outer = `postgres://lockstep:lockstep@127.0.0.1:${(proxy.address() as AddressInfo).port}${inner.pathname}`;

  return {
    kind: 'sandbox',
    url: outer,
    begin: (title, kind = 'test') => sandbox.begin({ kind, title }),
    end: () => sandbox.end(),
    rows: (sql, parameters = []): Row[] => sandbox.session.execute(sql, parameters).rows,
    committed: async (sql) => (await stranger.query<Row>(sql)).rows,
    close: async () => {
      proxy.close();
      sandbox.close();
      restore();
      await stranger.end();
    },
  };
}
