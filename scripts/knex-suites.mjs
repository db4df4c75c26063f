// Runs Knex's own tests of both SQLite drivers twice, with the driver itself and in the sandbox, one transaction for
// each file, and compares them test by test. The checkout is the developer's, installed as its own manual says.
// Expects built sources (npm run build).
//
//   npm run suites:knex -- <folder of Knex>
//   npm run suites:knex -- <folder of Knex> --only better-sqlite3
import { readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { runFile, WHOLE } from './driver-suites/run-file.mjs';

const here = (name) => fileURLToPath(new URL(`driver-suites/${name}`, import.meta.url));
const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } });
if (positionals.length !== 1) {
  console.error('npm run suites:knex -- <folder of Knex>');
  process.exit(2);
}

const cwd = resolve(positionals[0]);
const mocha = createRequire(join(cwd, 'package.json')).resolve('mocha/bin/mocha.js');
const FILE = join(cwd, 'test', 'test.sqlite3');
const specs = readdirSync(join(cwd, 'test', 'integration2'), { recursive: true })
  .filter((file) => file.endsWith('.spec.js'))
  .sort()
  .map((file) => ({ file: join('test', 'integration2', file), database: ':memory:' }));
const files = [{ file: join('test', 'integration-test-suite.js'), database: FILE }, ...specs];

const rows = {};
for (const driver of ['sqlite3', 'better-sqlite3']) {
  if (values.only === undefined || values.only === driver) rows[driver] = await compare(driver);
}
console.table(rows);
process.exitCode = Object.values(rows).every(({ direct, sandbox }) => direct > 0 && direct === sandbox) ? 0 : 1;

async function compare(driver) {
  const counts = { direct: 0, sandbox: 0, unreached: 0 };
  for (const { file, database } of files) {
    const there = await run(driver, file, database, []);
    const within = await run(driver, file, database, ['--require', here('sqlite-scope.mjs')]);
    // A file whose tests are for other databases has none.
    const passed = there.passed().filter((test) => test !== WHOLE);
    const kept = new Set(within.passed());
    counts.direct += passed.length;
    counts.sandbox += passed.filter((test) => kept.has(test)).length;
    if (passed.length > 0 && within.output.includes('nothing came to the sandbox')) {
      console.log(`${file.split(sep).join('/')}: no test came to the sandbox`);
      counts.unreached += passed.length;
    }

    for (const test of passed)
      if (!kept.has(test)) console.log(`${file.split(sep).join('/')}: ${test}\n    ${within.reason(test)}`);
  }
  return counts;
}

async function run(driver, file, database, options) {
  rmSync(FILE, { force: true });
  const setup = ['--require', './test/util/chai-setup.js', '--exit', '--timeout', '10000'];

  return await runFile({
    file,
    cwd,
    command: () => [mocha, ...options, ...setup, '--reporter', here('mocha-reporter.cjs'), file],
    variables: { DB: driver, LOCKSTEP_SUITES_FILE: database },
    environment: {},
    deadline: 120_000,
  });
}
