// Random scripts of several clients, on real connections and through the relay, which must be told the same. One case
// in eight is of clients that all send at the same time.
//
//   npm run fuzz                                  20,000 of them
//   npm run fuzz -- --cases 200000 --seed 7       more, from another seed on
//   npm run fuzz -- --differences 10              goes on until ten differ, each in its smallest form
//   npm run fuzz -- --only scripts                no clients at the same time; or --only lanes, nothing else
import { parseArgs } from 'node:util';

import { run } from './steps.mjs';

const KINDS = ['scripts', 'lanes'];

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    differences: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
});
const { only, ...numbers } = values;
for (const [name, value] of Object.entries(numbers)) {
  if (/^[1-9]\d*$/.test(value)) continue;
  console.error(`--${name} must be a whole number above 0, not ${value}`);
  process.exit(2);
}
if (only !== undefined && !KINDS.includes(only)) {
  console.error(`--only must be ${KINDS.join(' or ')}, not ${only}`);
  process.exit(2);
}

const files = KINDS.filter((kind) => only === undefined || kind === only);
process.exitCode =
  run('build', 'npm', ['run', '-s', 'build']) ||
  run('build of the tests', 'npm', ['run', '-s', 'build:test']) ||
  run(
    'fuzz',
    'mocha',
    ['--no-config', ...files.map((kind) => `.build/test/integration/postgres/fuzz/${kind}.test.js`)],
    {
      timeout: 0,
      env: {
        LOCKSTEP_FUZZ: numbers.cases,
        LOCKSTEP_FUZZ_ALL: only ?? '',
        LOCKSTEP_FUZZ_SEED: numbers.seed,
        LOCKSTEP_FUZZ_WANTED: numbers.differences,
        LOCKSTEP_FUZZ_WATCHED: '1',
      },
    },
  );
