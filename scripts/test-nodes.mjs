// Runs the suites of the bridge and the runner on every Node that Lockstep supports. Expects built
// tests (npm run build && npm run build:test); Nodes come from the npm registry, once.
//
//   npm run test:nodes                 Node 20, 22, 24 and 26, each on both pumps
//   npm run test:nodes -- 22           one of them
//   npm run test:nodes -- --grep wait  what follows the first option goes to mocha
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { installNode } from './nodes/install.mjs';
import { root, run } from './steps.mjs';

const SUITES = ['bridge', 'contexts', 'syncify', 'http', 'runner'].map(
  (name) => `.build/test/integration/${name}/**/*.test.js`,
);

const given = process.argv.slice(2);
const option = given.findIndex((argument) => argument.startsWith('-'));
const named = (option < 0 ? given : given.slice(0, option)).map(Number);
const mochaOptions = option < 0 ? [] : given.slice(option);

if (!existsSync(join(root, '.build/test'))) {
  console.error('The tests are not built: run npm run build && npm run build:test.');
  process.exit(1);
}

/** The suites of the runner hold on either: they are run on the one that a user gets. */
const PUMPS = { addon: SUITES, deasync: SUITES.filter((suite) => !suite.includes('/runner/')) };

const failed = [];
for (const major of named.length > 0 ? named : [20, 22, 24, 26]) {
  const found = installNode(major);
  if (found.reason) {
    console.log(`Node ${major} is skipped: ${found.reason}`);
    continue;
  }

  const { node, fitting } = found;
  const options = [process.env.NODE_OPTIONS, `--require=${join(root, 'scripts/nodes/redirect.cjs')}`];
  const mocha = [join(root, 'node_modules/mocha/bin/mocha.js'), '--no-config', '--timeout', '20000'];
  for (const [pump, suites] of Object.entries(PUMPS)) {
    const env = {
      LOCKSTEP_PUMP: pump,
      LOCKSTEP_FITTING: JSON.stringify(fitting),
      NODE_OPTIONS: options.filter(Boolean).join(' '),
    };
    const args = [...mocha, '--reporter', 'dot', ...mochaOptions, ...suites];
    if (run(`Node ${major}, ${pump}`, 'node', args, { env, node }) !== 0) failed.push(`${major} with ${pump}`);
  }
}

if (failed.length > 0) console.error(`\nfailed on Node ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;
