// The example's 39 tests, beside the same tests written async with supertest and DELETE per test,
// on a database file and in memory: the duration that mocha itself reports.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inTurns, report } from './measure.mjs';

const ROUNDS = 7;
const TWIN = ['--config', 'benchmark/suite-async/.mocharc.json'];

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const run = promisify(execFile);

/** Milliseconds that the tests of a folder take; `database` is the app's, where Lockstep does not choose it. */
function suite(folder, args = [], database = undefined) {
  const cwd = fileURLToPath(new URL(folder, import.meta.url));
  const env = { ...process.env, ...(database && { DATABASE_FILE: database }) };

  return async () => {
    const { stdout } = await run(process.execPath, [mocha, '--reporter', 'json', ...args], {
      cwd,
      env,
      maxBuffer: 2 ** 24,
    });
    const { stats } = JSON.parse(stdout.slice(stdout.indexOf('{\n  "stats"')));
    if (stats.passes !== 39) throw new Error(`${folder}: ${stats.passes} of 39 tests passed`);
    return stats.duration;
  };
}

export default async function suites() {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));

  try {
    const [ours, onFile, inMemory] = await inTurns(
      [
        suite('../examples/providers-express'),
        suite('..', TWIN, join(folder, 'twin.sqlite3')),
        suite('..', TWIN, ':memory:'),
      ],
      ROUNDS,
    );
    report('the example suite, 39 tests', ours, onFile, 'async, supertest, DELETE, on a file', 'ms', '≤ 0.7x');
    report('the example suite, 39 tests', ours, inMemory, 'async, supertest, DELETE, in memory', 'ms', '≤ 0.7x');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
