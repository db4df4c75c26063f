// 10,000 tests in one process, each with requests and rows: the heap after all of them must be at
// most 1.3 times what it was after the first 1,000. Needs the built package (npm run build).
//
//   npm run heap                        10,000 tests
//   npm run heap -- 2000                fewer
//   npm run heap -- --postgres [tests]  on Postgres: see heap-postgres.mjs; --worker: the relay in a thread of its own
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { soak } from './heap-postgres.mjs';
import { root } from './steps.mjs';

const LIMIT = 1.3;

const given = process.argv.slice(2);
const numbers = given.filter((argument) => !argument.startsWith('--')).map(Number);
const host = given.includes('--worker') ? 'worker' : 'in-thread';

if (given.includes('--postgres')) await soak({ host, tests: numbers[0] });
else heap(...numbers);

function heap(tests = 10_000) {
  const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [mocha, '--no-config', '--expose-gc', '--require', 'lockstep/mocha', '--reporter', 'dot', 'many.mjs'],
    {
      cwd: join(root, 'test/fixtures/notes'),
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
      env: { ...process.env, TESTS: String(tests) },
    },
  );

  const [, first, last] = /heap (\d+) (\d+)$/m.exec(stdout) ?? [];
  if (status !== 0 || last === undefined) {
    console.error(stdout.slice(-2000) + stderr);
    process.exit(1);
  }
  const ratio = Number(last) / Number(first);
  const megabytes = (bytes) => `${(Number(bytes) / 2 ** 20).toFixed(1)} MB`;
  console.log(
    `${process.version}: heap ${megabytes(first)} after ${tests / 10} tests, ${megabytes(last)} after ${tests}: ${ratio.toFixed(2)}x   wanted ≤ ${LIMIT}x`,
  );
  process.exitCode = ratio <= LIMIT ? 0 : 1;
}
