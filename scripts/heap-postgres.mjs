// npm run heap -- --postgres [--worker] [tests]: 5,000 tests in one process on Postgres, with the good and bad habits
// of apps. What the first 500 left in use (the heaps of the app's thread and of the relay's, the memory
// of the server's process, open files) may grow by no more than LIMIT until the end, and no connection
// may be left on the server. Needs the built package (npm run build).
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pg from 'pg';

import { openServer } from '#src/engine/postgres/server/index.js';
import { root } from './steps.mjs';

const LONG = 5_000;

/** A short run has caches to fill still. */
function ruleOf(tests) {
  return tests >= LONG ? { base: tests / 10, limit: 1.1 } : { base: Math.ceil(tests / 3), limit: 1.3 };
}

const DATABASE = 'soak_test';
// What mocha itself keeps of each test that ran: 945 bytes, measured with empty tests and no plug-in.
const KEPT_BY_MOCHA = 945;
// The whole of the server's process, with its cache of the catalog: each temporary table adds to that.
const COARSE = { 'backend memory': 1.25 };

const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');

/** Sets the exit code. `host` is the config's `database.host`. */
export async function soak({ host: relayHost, tests = LONG }) {
  const server = await openServer({ root });
  const { host, port, user, password, database } = server.upstream;
  const admin = new pg.Client({ host, port, user, password, database });

  try {
    await admin.connect();
    await admin.query(`create database ${DATABASE}`);
    // The server keeps so many blocks of temporary tables once it has used them.
    await admin.query(`alter database ${DATABASE} set temp_buffers = '800kB'`);
    const parameters = new URLSearchParams({ host, port, user, ...(password && { password }) });
    const samples = run(tests, { SOAK_SERVER: `postgres:///${DATABASE}?${parameters}`, RELAY_HOST: relayHost });
    const left = await admin.query('select count(*)::int as n from pg_stat_activity where datname = $1', [DATABASE]);

    process.exitCode = judge(tests, samples, left.rows[0].n) ? 0 : 1;
  } finally {
    await admin.end();
    await server.stop();
  }
}

/** What was in use after the first tests, and after all. */
function run(tests, settings) {
  const { base } = ruleOf(tests);
  const plugins = ['./probe.cjs', 'lockstep/mocha'].flatMap((name) => ['--require', name]);
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [mocha, '--no-config', '--expose-gc', '--timeout', '10000', ...plugins, '--reporter', 'dot', 'soak.mjs'],
    {
      cwd: join(root, 'test/fixtures/postgres-soak'),
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      env: { ...process.env, ...settings, TESTS: String(tests), BASE: String(base) },
    },
  );

  const [, samples] = /samples (\[.*\])$/m.exec(stdout) ?? [];
  if (status !== 0 || samples === undefined) throw new Error(stdout.slice(-12000) + stderr);
  const [first, last] = JSON.parse(samples);
  last['main heap'] -= KEPT_BY_MOCHA * (tests - base);
  return [first, last];
}

function judge(tests, [first, last], left) {
  const { base, limit: fine } = ruleOf(tests);
  const verdicts = Object.entries(last).map(([what, now]) => {
    const limit = Math.max(fine, COARSE[what] ?? 0);
    const before = first[what];
    const unit = now > 2 ** 20 ? [2 ** 20, ' MB'] : [1, ''];
    const [from, to] = [before, now].map((value) => `${Number((value / unit[0]).toFixed(1))}${unit[1]}`);
    console.log(
      `${what.padEnd(18)} ${(now / before).toFixed(2)}x   ${from} after ${base} tests, ${to} after ${tests}   wanted ≤ ${limit}x`,
    );
    return now / before <= limit;
  });
  console.log(`${'connections left'.padEnd(18)} ${left}   wanted 0`);

  return verdicts.every(Boolean) && left === 0;
}
