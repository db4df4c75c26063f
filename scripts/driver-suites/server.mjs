// The server of the drivers' tests, and the sandbox in front of it.
import { blockedHost } from '#src/engine/index.js';
import { postgres } from '#src/engine/postgres/index.js';
import { runOn } from '#src/engine/postgres/server/connect-upstream.js';
import { openServer } from '#src/engine/postgres/server/index.js';

import { root } from '../steps.mjs';

/** Users that postgres.js's tests connect as, and their passwords. */
const USERS = {
  postgres_js_test: undefined,
  postgres_js_test_md5: 'postgres_js_test_md5',
  postgres_js_test_scram: 'postgres_js_test_scram',
};

/** Whatever the tests make use of works on the direct connection, so that nothing is spared the sandbox. */
const SETTINGS = {
  wal_level: 'logical',
  max_wal_senders: '10',
  max_replication_slots: '10',
  max_prepared_transactions: '10',
};

export async function startServer() {
  const { upstream, stop } = await openServer({ root, embedded: { settings: SETTINGS } });
  const server = { ...upstream, database: 'postgres' };
  await runOn(
    server,
    Object.entries(USERS).map(([user, password]) => `create user ${user} ${password ? `password '${password}'` : ''}`),
  );
  // Each run has an empty one.
  const recreate = async (database) => {
    const owner = database in USERS ? `owner ${database}` : '';
    await runOn(server, [`drop database if exists ${database} with (force)`, `create database ${database} ${owner}`]);
  };
  const variables = (database) => ({
    PGHOST: upstream.host,
    PGPORT: String(upstream.port),
    PGUSER: upstream.user,
    PGPASSWORD: upstream.password ?? '',
    PGDATABASE: database,
    LOCKSTEP_SUITES_SERVER: JSON.stringify(server),
  });

  return {
    stop,

    async direct(database, work) {
      return await work(variables(database), async (title, run) => {
        await recreate(database);
        return await run();
      });
    },

    async sandboxed(database, work) {
      await recreate(database);
      const { host, port, user } = upstream;
      const section = {
        url: `postgresql:///${database}?${new URLSearchParams({ host, port, user })}`,
        env: ['PG*'],
        clock: 'transaction',
        driver: 'builtin',
        allowAnyDatabase: true,
        stallTimeout: 500,
        holdTimeout: 10_000,
        root,
      };
      const before = { ...process.env };
      const engine = await postgres.load(section);
      const withdraw = engine.prepare();
      const given = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^PG/.test(name)));
      const sandbox = await engine.open(blockedHost);
      try {
        return await work({ ...variables(database), ...given }, async (title, run) => {
          sandbox.begin({ kind: 'test', title });
          const result = await run();
          try {
            sandbox.end();
          } catch (error) {
            console.log(`${title}: ${error.message.split('\n')[0]}`);
          }
          return result;
        });
      } finally {
        await sandbox.close();
        withdraw();
        for (const name of Object.keys(given)) if (before[name] === undefined) delete process.env[name];
      }
    },
  };
}
