// The example's 39 tests, beside the same tests written async with supertest and DELETE per test:
// the duration that mocha itself reports.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inTurns, report } from './measure.mjs';

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const run = promisify(execFile);

function suite(folder, ...args) {
  const cwd = fileURLToPath(new URL(folder, import.meta.url));

  return async () => {
    const { stdout } = await run(process.execPath, [mocha, '--reporter', 'json', ...args], { cwd, maxBuffer: 2 ** 24 });
    const { stats } = JSON.parse(stdout.slice(stdout.indexOf('{\n  "stats"')));
    if (stats.passes !== 39) throw new Error(`${folder}: ${stats.passes} of 39 tests passed`);
    return stats.duration;
  };
}

export default async function suites() {
  const [ours, peer] = await inTurns(
    [suite('../examples/providers-express'), suite('..', '--config', 'benchmark/suite-async/.mocharc.json')],
    7,
  );

  report('the example suite, 39 tests', ours, peer, 'async, supertest, DELETE', 'ms', '≤ 0.7x');
}
