// The sandbox beside the direct connection, in the same run. LOCKSTEP_BENCH_POSTGRES is the URL of a
// server with a database whose name contains "test"; its tables named lockstep_bench are dropped.
import pg from 'pg';
import { postgresEngine } from '../dist/engine/postgres/index.js';
import { inTurns, report, timeAsync } from './measure.mjs';

const TIMES = 1000;

export default async function run() {
  const url = process.env.LOCKSTEP_BENCH_POSTGRES;
  if (!url) return console.log('postgres: LOCKSTEP_BENCH_POSTGRES is not set, nothing is measured.');

  const direct = new pg.Client(url);
  await direct.connect();
  await direct.query(
    'DROP TABLE IF EXISTS lockstep_bench; CREATE TABLE lockstep_bench (id serial PRIMARY KEY, name text)',
  );
  await direct.query("INSERT INTO lockstep_bench (name) SELECT 'n' || n FROM generate_series(1, 100000) n");

  const options = {
    server: { connectionString: url },
    database: 'bench_test',
    env: ['LOCKSTEP_BENCH_SANDBOX'],
    clock: 'transaction',
    stallTimeout: 500,
    holdTimeout: 10_000,
    root: process.cwd(),
  };
  const engine = postgresEngine({
    serverModule: new URL('../.build/test/integration/postgres/server-module.js', import.meta.url).href,
    openSession: () => ({}),
  });
  const withdraw = engine.prepare(options);
  const sandbox = engine.open(options, { canWait: () => false, waitUntil: () => false });
  sandbox.begin({ kind: 'layer', title: 'benchmark' });
  const through = new pg.Client(process.env.LOCKSTEP_BENCH_SANDBOX);
  await through.connect();

  const compare = async (what, limit, work, times = TIMES) => {
    const [ours, theirs] = await inTurns([through, direct].map((client) => () => timeAsync(() => work(client), times)));
    report(what, ours, theirs, 'direct', 'µs', limit);
  };
  await compare('postgres: select 1', '≤ 2.8', (client) => client.query('SELECT 1'));
  await compare('postgres: prepared select by key', '≤ 2.4', (client) =>
    client.query({ name: 'key', text: 'SELECT * FROM lockstep_bench WHERE id = $1', values: [7] }),
  );
  await compare('postgres: insert', '≤ 1.5', (client) =>
    client.query("INSERT INTO lockstep_bench (name) VALUES ('x')"),
  );
  await compare('postgres: BEGIN, insert, COMMIT', '≤ 1.35', async (client) => {
    await client.query('BEGIN');
    await client.query("INSERT INTO lockstep_bench (name) VALUES ('x')");
    await client.query('COMMIT');
  });
  await compare(
    'postgres: 100,000 rows',
    '≤ 1.2',
    (client) => client.query('SELECT * FROM lockstep_bench LIMIT 100000'),
    2,
  );

  const perTest = async () => {
    sandbox.begin({ kind: 'test', title: 'a test' });
    await through.query('SELECT 1');
    sandbox.end();
  };
  const transaction = async () => {
    await direct.query('BEGIN');
    await direct.query('SELECT 1');
    await direct.query('ROLLBACK');
  };
  const [ours, theirs] = await inTurns([() => timeAsync(perTest, TIMES), () => timeAsync(transaction, TIMES)]);
  report('postgres: per test, with a select 1', ours, theirs, 'BEGIN, select, ROLLBACK', 'µs');

  sandbox.end();
  await through.end();
  await direct.query('DROP TABLE lockstep_bench');
  await direct.end();
  withdraw();
}

if (process.argv[1] === new URL(import.meta.url).pathname) await run();
