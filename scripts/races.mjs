// npm run races [-- rounds]: what tests, their ends and their apps once raced for, so many times over (3,000), on
// both hosts of the relay. Needs the built package (npm run build).
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import pg from 'pg';

import { openServer } from '#src/engine/postgres/server/index.js';
import { root } from './steps.mjs';

const rounds = Number(process.argv[2] ?? 3000);
const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');

const server = await openServer({ root });
const { host, port, user, password, database } = server.upstream;
const admin = new pg.Client({ host, port, user, password, database });
await admin.connect();
try {
  for (const relay of ['in-thread', 'worker']) {
    const name = `races_${relay.replace('-', '_')}_test`;
    await admin.query(`create database ${name}`);
    const parameters = new URLSearchParams({ host, port, user, ...(password && { password }) });
    if (!judge(relay, run(relay, `postgres:///${name}?${parameters}`))) process.exitCode = 1;
  }
} finally {
  await admin.end();
  await server.stop();
}

function run(relay, url) {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [mocha, '--no-config', '--timeout', '10000', '--require', 'lockstep/mocha', '--reporter', 'json', 'races.mjs'],
    {
      cwd: join(root, 'test/fixtures/postgres-races'),
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
      env: { ...process.env, SERVER_URL: url, RELAY_HOST: relay, ROUNDS: String(rounds) },
    },
  );
  try {
    // What the app or Node prints comes before it.
    return JSON.parse(stdout.slice(stdout.indexOf('{\n  "stats"')));
  } catch {
    throw new Error(stdout.slice(-2000) + stderr.slice(-2000));
  }
}

/** Prints how often each race was lost; whether none was. */
function judge(relay, { tests, failures }) {
  const lost = new Map();
  for (const { fullTitle, title, err } of tests) {
    const race = fullTitle.slice(0, -title.length).trim();
    const failed = Object.keys(err).length > 0;
    const wanted = title.startsWith('fails') ? /duplicate key/.test(err.message) : !failed;
    const { of, times, first } = lost.get(race) ?? { of: 0, times: 0 };
    lost.set(race, {
      of: of + 1,
      times: times + (wanted ? 0 : 1),
      first: first ?? (wanted ? undefined : { title, err }),
    });
  }
  const hooks = failures.filter(({ title }) => /" hook/.test(title));

  for (const [race, { of, times, first }] of lost) {
    console.log(`${relay.padEnd(10)} ${race.padEnd(44)} lost ${times} of ${of}`);
    if (first) console.log(`  ${first.title}: ${first.err.message ?? 'it passed'}`);
  }
  for (const { title, err } of hooks) console.log(`${relay} ${title}: ${err.message}`);
  return hooks.length === 0 && lost.size === 8 && [...lost.values()].every(({ times }) => times === 0);
}
