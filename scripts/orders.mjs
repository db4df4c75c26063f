// npm run orders [-- seeds [first [folder ...]]]: the examples' and some fixtures' test files in so many random
// orders (20), in one process and by --parallel. Each test has to end as it does in the order of the files. Needs
// the built package.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { root } from './steps.mjs';

const [seeds = 20, first = 1] = process.argv.slice(2, 4).map(Number);
/** Parts of the folders to run; all if there are none. */
const wanted = process.argv.slice(4);
const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');

const EXPRESS = 'examples/providers-express';
const FASTIFY = 'examples/providers-fastify';
const isTest = /\.test\.ts$/;

/** Folders with several test files each; some of their tests fail on purpose. */
const SUITES = [
  { folder: EXPRESS, require: ['tsx', 'lockstep/mocha'], files: filesIn(EXPRESS, 'test', isTest) },
  {
    folder: FASTIFY,
    require: ['tsx', 'lockstep/mocha'],
    files: [
      ...filesIn(FASTIFY, 'test', isTest),
      ...['api', 'integration'].flatMap((name) => filesIn(FASTIFY, `../providers-express/test/${name}`, isTest)),
    ],
  },
  fixtures('hooks', ['late.mjs', 'order.mjs']),
  fixtures('databases', ['several.mjs', 'failures.mjs', 'more.mjs'], { MAIN: 'postgres', AUDIT: 'sqlite' }),
];

for (const found of SUITES) {
  if (wanted.length > 0 && !wanted.some((part) => found.folder.includes(part))) continue;

  const expected = outcomes(found, found.files, []);
  for (let seed = first; seed < first + seeds; seed += 1) {
    for (const args of [[], ['--parallel', '--jobs', '2']]) {
      const got = outcomes(found, shuffled(found.files, seed), args);
      const differing = [...new Set([...expected.keys(), ...got.keys()])].filter(
        (test) => expected.get(test) !== got.get(test),
      );
      for (const test of differing) {
        process.exitCode = 1;
        console.log(
          `${found.folder}, seed ${seed} ${args.join(' ')}: "${test}" ${String(got.get(test))}, in order ${String(expected.get(test))}`,
        );
      }
    }
  }
  console.log(
    `${found.folder}${found.env ? ` ${JSON.stringify(found.env)}` : ''}: ${found.files.length} files, ${expected.size} tests, ${seeds} orders`,
  );
}

function fixtures(name, files, env) {
  return { folder: `test/fixtures/${name}`, require: ['lockstep/mocha'], files, env };
}

function filesIn(folder, below, wanted) {
  const names = readdirSync(join(root, folder, below), { recursive: true }).filter((name) => wanted.test(name));
  return names.sort().map((name) => `${below}/${name}`);
}

/** How each test has ended, by its whole title. */
function outcomes({ folder, require, env }, files, args) {
  const place = mkdtempSync(join(tmpdir(), 'lockstep-orders-'));
  try {
    const config = join(place, 'mocharc.json');
    const report = join(place, 'report.json');
    // mocha sorts nothing by itself, and takes the files of its config in their order.
    writeFileSync(
      config,
      JSON.stringify({ require, spec: files, reporter: 'json', 'reporter-option': `output=${report}` }),
    );
    const { stdout, stderr } = spawnSync(process.execPath, [mocha, '--config', config, ...args], {
      cwd: join(root, folder),
      env: { ...process.env, ...env },
      encoding: 'utf8',
      timeout: 120_000,
    });
    const { passes, failures, pending } = JSON.parse(readReport(report, stdout + stderr));
    const states = { passed: passes, failed: failures, pending };
    const found = new Map();
    // One that has passed and failed behind its hooks has failed.
    for (const state of ['passed', 'pending', 'failed'])
      for (const { fullTitle } of states[state]) found.set(fullTitle, state);
    return found;
  } finally {
    rmSync(place, { recursive: true });
  }
}

function readReport(file, output) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Error(`mocha has left no report:\n${output.slice(-4000)}`);
  }
}

/** The same order for the same seed (a linear congruential generator of Numerical Recipes). */
function shuffled(items, seed) {
  let state = seed;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const order = items.map((item) => ({ item, at: random() }));
  return order.sort((one, other) => one.at - other.at).map(({ item }) => item);
}
