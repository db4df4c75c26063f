// 3,000 empty tests with Lockstep, beside mocha alone: the duration that mocha itself reports.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inTurns, report } from './measure.mjs';

const TESTS = 3000;

const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const cwd = fileURLToPath(new URL('empty', import.meta.url));
const run = promisify(execFile);

function tests(...options) {
  return async () => {
    const args = [mocha, '--no-config', '--reporter', 'json', ...options, 'tests.mjs'];
    const { stdout } = await run(process.execPath, args, { cwd, maxBuffer: 2 ** 24 });
    const { stats } = JSON.parse(stdout.slice(stdout.indexOf('{\n  "stats"')));
    if (stats.passes !== TESTS) throw new Error(`${stats.passes} of ${TESTS} tests passed`);
    return (stats.duration / TESTS) * 1000;
  };
}

export default async function empty() {
  const [ours, peer] = await inTurns([tests('--require', 'lockstep/mocha'), tests()], 7);

  report('an empty test', ours, peer, 'mocha alone', 'µs', '≤ 1.15x');
}
