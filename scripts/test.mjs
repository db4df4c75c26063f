// Builds, checks and runs every test; the last line adds up all mocha runs.
//
//   npm test                      everything that fits into some minutes
//   npm run test:long             everything, or LOCKSTEP_LONG=1: more drivers and settings of the same
//   npm test -- --no-check        without lint, format and package checks (or LOCKSTEP_NO_CHECK=1)
//   npm test -- unit              only test files with `unit` in their path, without the checks
//   npm test -- unit --grep sql   what follows the first option goes to mocha
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, run, start } from './steps.mjs';

const BUILT = '.build/test';
const EXAMPLES = ['examples/providers-express', 'examples/providers-fastify'];
const REPORTER = join(root, 'scripts/totals-reporter.mjs');

const given = process.argv.slice(2).filter((argument) => !['--no-check', '--long'].includes(argument));
if (process.argv.includes('--long')) process.env.LOCKSTEP_LONG = '1';
const option = given.findIndex((argument) => argument.startsWith('-'));
const filters = option < 0 ? given : given.slice(0, option);
const mochaOptions = option < 0 ? [] : given.slice(option);
const checked = given.length === 0 && !process.argv.includes('--no-check') && !process.env.LOCKSTEP_NO_CHECK;

const totals = { passed: 0, failed: 0, skipped: 0 };
let files = 0;

if (step('build', 'npm', ['run', '-s', 'build']) && step('build of the tests', 'npm', ['run', '-s', 'build:test'])) {
  // Most tests wait for children and servers, which leaves time for more.
  const check = checked && start('check', 'node', ['scripts/check.mjs', '--built']);
  const children = testBeside('tests that run mocha', testFiles(runsMocha));
  mocha('tests', ...testFiles((name) => !runsMocha(name)));
  mocha('tests of the bridge on deasync', ...testFiles(ofTheBridge, { LOCKSTEP_PUMP: 'deasync' }));
  await children?.();
  for (const example of EXAMPLES) testExample(example);
  if (check && (await check()) !== 0) broken('the check failed');
  if (files === 0) broken(`no test file has ${filters.join(' or ')} in its path`);
}

process.exitCode = totals.failed > 0 ? 1 : 0;
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);

/** Tests whose time goes by in runs of mocha in processes of their own. */
function runsMocha(name) {
  return /^integration.(runner|queries|contexts)\b|\b(lost|stopped|mocha)\.test\.js$/.test(name);
}

/** Tests whose answers must not depend on the pump, which they use in their own process. */
function ofTheBridge(name) {
  return /^integration.(bridge|syncify)\b/.test(name);
}

/** Of our own tests, those that are wanted and for which `isIn` is true: what `mocha` takes, or undefined if there are none. */
function testFiles(isIn, env) {
  const all = readdirSync(join(root, BUILT), { recursive: true }).filter((name) => name.endsWith('.test.js'));
  const others = all.filter((name) => !matches(name) || !isIn(name));
  files += all.length - others.length;
  if (others.length === all.length) return [];

  // .mocharc.json names all files, and mocha adds what the command line names to them: so the others are ignored.
  const ignored = others.flatMap((name) => ['--ignore', `${BUILT}/${name.replaceAll('\\', '/')}`]);
  return [{ reporter: 'dot' }, (reporter) => ['mocha', [...reporter, ...ignored, ...mochaOptions], env]];
}

/** An example's suite, run the way its readers run it. */
function testExample(example) {
  if (!matches(example)) return;

  files += 1;
  // The reporter goes in through the environment: the example's own script is not to know about it.
  mocha(example, { reporter: 'spec', cwd: join(root, example) }, (reporter) => [
    'npm',
    ['test', '-s', ...(mochaOptions.length > 0 ? ['--', ...mochaOptions] : [])],
    { MOCHA_OPTIONS: reporter.join(' ') },
  ]);
}

/** Runs mocha and adds its counts. `command` is given the options that set the reporter. */
function mocha(heading, settings, command) {
  if (command === undefined) return;
  const { program, args, options, count } = prepared(heading, settings, command);
  count(run(heading, program, args, options));
}

/** The same beside what comes next, until the function that is returned is called. */
function testBeside(heading, [settings, command]) {
  if (command === undefined) return undefined;
  const { program, args, options, count } = prepared(heading, settings, command);
  const ended = start(heading, program, args, options);
  return async () => count(await ended());
}

function prepared(heading, { reporter, cwd = root }, command) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-totals-'));
  const file = join(folder, 'totals');
  const [program, args, env] = command(['--reporter', REPORTER]);
  const options = { cwd, env: { ...env, LOCKSTEP_TOTALS: file, LOCKSTEP_REPORTER: reporter } };

  return { program, args, options, count };

  function count(code) {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    const counts = lines.map((line) => JSON.parse(line));
    rmSync(folder, { recursive: true, force: true });

    for (const kind of Object.keys(totals)) for (const count of counts) totals[kind] += count[kind];
    if (counts.length === 0) broken(`${heading}: mocha ended without a result`);
    else if (code !== 0 && counts.every(({ failed }) => failed === 0))
      broken(`${heading}: mocha ended with code ${code}`);
  }
}

/** Runs a step that must succeed; returns whether it did. */
function step(heading, command, args) {
  const code = run(heading, command, args);
  if (code !== 0) broken(`${heading} ended with code ${code}`);
  return code === 0;
}

/** Counts one failure where no test is to blame. */
function broken(what) {
  console.error(`\n${what}`);
  totals.failed += 1;
}

function matches(path) {
  return filters.length === 0 || filters.some((filter) => path.includes(filter));
}
