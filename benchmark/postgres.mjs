// The sandbox beside the direct connection to the same server, which is started for it, and beside a
// thread that only copies bytes. The wanted ratios are those of docs/postgres.md.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { blockedHost } from '#src/engine/index.js';
import { loadNative } from '#src/engine/postgres/session/native.js';
import { postgres } from '#src/engine/postgres/configured.js';
import { openServer } from '#src/engine/postgres/server/index.js';
import { inTurns, report, timeAsync, timeSync } from './measure.mjs';
import { startPipe } from './pipe.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const VARIABLE = 'LOCKSTEP_BENCH_SANDBOX';
const INSERT = "INSERT INTO notes (name) VALUES ('x')";
const SCHEMA = `CREATE TABLE notes (id serial PRIMARY KEY, name text);
  INSERT INTO notes (name) SELECT 'n' || n FROM generate_series(1, 100000) n; ANALYZE notes`;

/** What is measured: the work of a client, the bound, how often per round, and the rounds. */
const WORK = [
  ['select 1', '≤ 1.6', (client) => client.query('SELECT 1')],
  [
    'prepared select by key',
    '≤ 1.6',
    (client) => client.query({ name: 'key', text: 'SELECT * FROM notes WHERE id = $1', values: [7] }),
  ],
  ['insert', '≤ 1.25', (client) => client.query(INSERT)],
  [
    'BEGIN, insert, COMMIT',
    '≤ 1.0',
    async (client) => {
      await client.query('BEGIN');
      await client.query(INSERT);
      await client.query('COMMIT');
    },
  ],
  ['100,000 rows', '≤ 1.1', (client) => client.query('SELECT * FROM notes LIMIT 100000'), 1, 7],
];
const TIMES = 50;
const ROUNDS = 60;
/** Rounds until the code of both sides is compiled, which takes some 2,000 statements. */
const WARM_UP = 50;

export default async function run() {
  const server = await openServer({ root: ROOT });
  const { host, port, user, password, database } = server.upstream;
  const address = { host, port, user, password, database };
  const parameters = new URLSearchParams({ host, port, user, ...(password && { password }) });
  const direct = new pg.Client(address);
  await direct.connect();
  await direct.query(SCHEMA);

  const url = `postgres:///${database}?${parameters}`;
  try {
    for (const host of ['in-thread', 'worker']) await app(url, direct, address, host);
    await session(url, address);
  } finally {
    await direct.end();
    await server.stop();
  }
}

/** What the app's driver and a test's frame take. */
async function app(url, direct, address, host) {
  const { sandbox, close } = await openSandbox(url, { driver: 'builtin', host });
  const wanted = (limit) => (host === 'in-thread' ? limit : '');
  const through = new pg.Client(process.env[VARIABLE]);
  await through.connect();
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-pipe-'));
  const stopPipe = await startPipe(join(folder, '.s.PGSQL.5432'), join(address.host, `.s.PGSQL.${address.port}`));
  const piped = new pg.Client({ ...address, host: folder, port: 5432 });
  await piped.connect();

  sandbox.begin({ kind: 'layer', title: 'benchmark' });
  for (const [what, limit, work, times = TIMES, rounds = ROUNDS] of WORK) {
    const contenders = [through, piped, direct].map((client) => () => timeAsync(() => work(client), times));
    const [ours, copied, theirs] = await inTurns(contenders, rounds, times === TIMES ? WARM_UP : 1);
    report(`postgres, ${host}: ${what}`, ours, theirs, 'direct', 'µs', wanted(limit));
    report('  by a thread that copies bytes', copied, theirs, 'direct', 'µs');
  }
  await piped.end();
  await stopPipe();
  rmSync(folder, { recursive: true });

  const test = async () => {
    sandbox.begin({ kind: 'test', title: 'a test' });
    await through.query('SELECT 1');
    sandbox.end();
  };
  const transaction = async () => {
    await direct.query('BEGIN');
    await direct.query('SELECT 1');
    await direct.query('ROLLBACK');
  };
  const frame = (work) => () => timeAsync(work, TIMES);
  const [ours, theirs] = await inTurns([frame(test), frame(transaction)], ROUNDS, WARM_UP);
  report(
    `postgres, ${host}: per test, with a select 1`,
    ours,
    theirs,
    'BEGIN, select, ROLLBACK',
    'µs',
    wanted('≤ 1.1'),
  );

  const idle = () => {
    sandbox.begin({ kind: 'test', title: 'a test' });
    sandbox.leftovers();
    sandbox.end();
  };
  const [untouched, bare] = await inTurns(
    [() => timeSync(idle, TIMES), () => timeAsync(() => direct.query('SELECT 1'), TIMES)],
    ROUNDS,
    WARM_UP,
  );
  report(`postgres, ${host}: per test, without the database`, untouched, bare, 'a direct select 1', 'µs', '≤ 0.1');

  sandbox.end();
  await through.end();
  await close();
}

/** What the test's own session takes, by either driver. */
async function session(url, { host, port, user, password, database }) {
  const libpq = new (loadNative(ROOT))();
  libpq.connectSync(
    Object.entries({ host, port, user, password, dbname: database })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}='${value}'`)
      .join(' '),
  );
  const leastOfAll = () => {
    libpq.pq.exec('SELECT 1');
    libpq.pq.getvalue(0, 0);
  };

  for (const [driver, host, limit] of [
    ['builtin', 'in-thread', '≤ 1.0'],
    ['builtin', 'worker', ''],
    ['pg-native', 'worker', ''],
  ]) {
    const { sandbox, close } = await openSandbox(url, { driver, host });
    sandbox.begin({ kind: 'layer', title: 'benchmark' });
    const [ours, theirs] = await inTurns(
      [() => timeSync(() => sandbox.session.execute('SELECT 1'), TIMES), () => timeSync(leastOfAll, TIMES)],
      ROUNDS,
      WARM_UP,
    );
    report(`postgres, ${host}: session select 1, ${driver}`, ours, theirs, 'libpq', 'µs', limit);
    sandbox.end();
    await close();
  }
  libpq.pq.finish();
}

async function openSandbox(url, { driver, host }) {
  const section = {
    url,
    embedded: {},
    env: [VARIABLE],
    swap: undefined,
    clock: 'transaction',
    driver,
    host,
    allowAnyDatabase: false,
    stallTimeout: 500,
    holdTimeout: 10_000,
    root: ROOT,
  };
  const engine = await postgres.load(section);
  const withdraw = engine.prepare();
  const sandbox = await engine.open(blockedHost);
  const close = async () => {
    await sandbox.close();
    withdraw();
  };
  return { sandbox, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await run();
