// The Fastify example's 39 tests on Postgres, beside the same tests written async with supertest, once
// rolled back by pg-transactional-tests and once with TRUNCATE per test: the duration that mocha itself
// reports. All on one server, each on a database of its own: once the embedded one, which is made for
// tests, and once a server as Postgres comes.
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { openServer } from '#src/engine/postgres/server/index.js';
import { inTurns, report } from './measure.mjs';
import { mochaRun } from './mocha-run.mjs';
import { ordinaryServer } from './ordinary-server.mjs';

const CONFIG = fileURLToPath(new URL('suite-postgres.config.mjs', import.meta.url));
const DATABASES = ['ours_test', 'rollback_test', 'truncate_test'];
// See suite-async/README.md.
const ABORTED = 'DELETE /providers/:id answers 409 while accounts are connected';

export default async function suites() {
  await onServer('embedded server', await openServer({ root: fileURLToPath(new URL('..', import.meta.url)) }));
  await onServer("Postgres' own settings", await ordinaryServer());
}

async function onServer(kind, server) {
  try {
    const [ours, rollback, truncate] = await createDatabases(server.upstream);

    const [lockstep, rolledBack, truncated] = await inTurns(
      [
        mochaRun('../examples/providers-fastify', { env: { LOCKSTEP_CONFIG: CONFIG, LOCKSTEP_BENCHMARK_URL: ours } }),
        mochaRun('suite-async/postgres-rollback', { env: { DATABASE_URL: rollback }, fails: [ABORTED] }),
        mochaRun('suite-async/postgres-truncate', { env: { DATABASE_URL: truncate } }),
      ],
      7,
    );

    const suite = `39 tests, ${kind}`;
    report(suite, lockstep, rolledBack, 'async, supertest, pg-transactional-tests', 'ms', '≤ 0.95x');
    report(suite, lockstep, truncated, 'async, supertest, TRUNCATE', 'ms', '≤ 0.65x');
  } finally {
    await server.stop();
  }
}

/** Creates the databases and returns their URLs. */
async function createDatabases({ host, port, user, password, database }) {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  for (const name of DATABASES) await client.query(`create database ${name}`);
  await client.end();

  const parameters = new URLSearchParams({ host, port, user, ...(password && { password }) });
  return DATABASES.map((name) => `postgres:///${name}?${parameters}`);
}
