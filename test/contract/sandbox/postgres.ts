import type pg from 'pg';
import { connected } from '../../integration/postgres/sandbox.js';
import { newDatabase } from '../../integration/postgres/server.js';
import { failureOf } from './scene.js';
import { type AppConnection, prepareEngine, type Subject } from './subject.js';

const ENV = 'LOCKSTEP_CONTRACT';
let databases = 0;

/** Postgres by a host of the relay, with an app that has pg and a session by that driver. */
export function postgresBy(host: 'in-thread' | 'worker', session: 'builtin' | 'pg-native'): Subject {
  return {
    engine: 'Postgres',
    host: `hub ${host}, session by ${session}`,
    driver: 'pg',
    waits: true,
    connectionName: /^postgres connection \d+$/,
    numbered: 'serial PRIMARY KEY',
    setting: { set: "SET work_mem = '3MB'", show: 'SHOW work_mem', value: '3MB' },

    async prepare(timeouts) {
      const name = `contract_test_${(databases += 1)}`;
      const direct = await newDatabase(name);
      const engine = await prepareEngine({
        engine: 'postgres',
        url: urlOf(direct),
        embedded: {},
        env: [ENV],
        swap: undefined,
        user: undefined,
        clock: 'statement',
        driver: session,
        host,
        allowAnyDatabase: false,
        root: process.cwd(),
        ...timeouts,
      });
      const url = process.env[ENV] ?? '';

      return {
        ...engine,
        connect: async () => appConnection(await connected(url)),
        lose: async (app) => {
          const lost = failureOf(() => app.query('SELECT pg_sleep(60)'));
          await endSleeper(direct);
          return lost;
        },
      };
    },
  };
}

function urlOf({ host = '', port = 5432, user = '', database = '' }: pg.ClientConfig): string {
  return `postgresql://${user}@:${port}/${database}?host=${encodeURIComponent(host)}`;
}

function appConnection(client: pg.Client): AppConnection {
  return {
    query: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
    close: () => client.end(),
  };
}

/** Ends the server's process behind the sandbox while it sleeps; done when it has gone. */
async function endSleeper(direct: pg.ClientConfig): Promise<void> {
  const stranger = await connected(direct);
  const sleeping = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
  while ((await stranger.query(`SELECT pg_terminate_backend(pid) ${sleeping}`)).rowCount === 0);
  while ((await stranger.query(`SELECT 1 ${sleeping}`)).rowCount !== 0);
  await stranger.end();
}
