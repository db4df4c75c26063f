// Random scripts of several clients, on real connections and through the relay, which must be told the same.
//
//   npm run fuzz                                  20,000 of them
//   npm run fuzz -- --cases 200000 --seed 7       more, from another seed on
//   npm run fuzz -- --differences 10              goes on until ten differ, each in its smallest form
import { parseArgs } from 'node:util';

import { run } from './steps.mjs';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    differences: { type: 'string', default: '1' },
  },
});
for (const [name, value] of Object.entries(values)) {
  if (/^[1-9]\d*$/.test(value)) continue;
  console.error(`--${name} must be a whole number above 0, not ${value}`);
  process.exit(2);
}

process.exitCode =
  run('build', 'npm', ['run', '-s', 'build']) ||
  run('build of the tests', 'npm', ['run', '-s', 'build:test']) ||
  run('fuzz', 'mocha', ['--no-config', '.build/test/integration/postgres/fuzz/scripts.test.js'], {
    timeout: 0,
    env: {
      LOCKSTEP_FUZZ: values.cases,
      LOCKSTEP_FUZZ_SEED: values.seed,
      LOCKSTEP_FUZZ_WANTED: values.differences,
      LOCKSTEP_FUZZ_WATCHED: '1',
    },
  });
