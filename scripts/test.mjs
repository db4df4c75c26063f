// Builds, checks and runs every test; the last line adds up all mocha runs.
//
//   npm test                      everything once by its default combination, in some 12 minutes on two cores
//   npm run test:long             everything, or LOCKSTEP_LONG=1: more drivers, hosts, versions of mocha and ORMs of the same
//   npm test -- --no-check        without lint, format and package checks (or LOCKSTEP_NO_CHECK=1)
//   npm test -- unit              only test files with `unit` in their path, without the checks
//   npm test -- unit --grep sql   what follows the first option goes to mocha
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, run, runBeside } from './steps.mjs';

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

if (build('build', 'build') && build('build of the tests', 'build:test')) {
  // Most tests wait for children and servers, which leaves time for more: these run beside each other.
  const shown = inTurn([tests('tests', (name) => !runsMocha(name))], { stdio: 'inherit' });
  await Promise.all([
    shown,
    inTurn([tests('tests that run mocha', runsMocha)], { behind: shown }),
    inTurn(
      [
        checked && check(),
        tests('tests of the bridge on deasync', ofTheBridge, { LOCKSTEP_PUMP: 'deasync' }),
        ...EXAMPLES.map(exampleTests),
      ],
      { behind: shown },
    ),
  ]);
  if (files === 0) broken(`no test file has ${filters.join(' or ')} in its path`);
}

process.exitCode = totals.failed > 0 ? 1 : 0;
console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);

/** Tests whose time goes by in runs of mocha in processes of their own. */
function runsMocha(name) {
  return /^integration.(runner|queries|contexts)\b|\b(lost|stopped|mocha)\.test\.js$/.test(name);
}

/** Tests whose answers must not depend on the pump, which they use in their own process: a part of them in `npm test`. */
function ofTheBridge(name) {
  return process.env.LOCKSTEP_LONG === '1' || filters.length > 0
    ? /^integration.(bridge|syncify)\b/.test(name)
    : /^integration.bridge.(deadlock|leftovers|order|stack|sync)\b/.test(name);
}

/** Of our own tests, those that are wanted and for which `isIn` is true; undefined if there are none. */
function tests(heading, isIn, env) {
  const all = readdirSync(join(root, BUILT), { recursive: true }).filter((name) => name.endsWith('.test.js'));
  const others = all.filter((name) => !matches(name) || !isIn(name));
  files += all.length - others.length;
  if (others.length === all.length) return undefined;

  // .mocharc.json names all files, and mocha adds what the command line names to them: so the others are ignored.
  const ignored = others.flatMap((name) => ['--ignore', `${BUILT}/${name.replaceAll('\\', '/')}`]);
  return counted(heading, { reporter: 'dot' }, (reporter) => [
    'mocha',
    [...reporter, ...ignored, ...mochaOptions],
    env,
  ]);
}

/** An example's suite, run the way its readers run it; undefined if it is not wanted. */
function exampleTests(example) {
  if (!matches(example)) return undefined;

  files += 1;
  // The reporter goes in through the environment: the example's own script is not to know about it.
  return counted(example, { reporter: 'spec', cwd: join(root, example) }, (reporter) => [
    'npm',
    ['test', '-s', ...(mochaOptions.length > 0 ? ['--', ...mochaOptions] : [])],
    { MOCHA_OPTIONS: reporter.join(' ') },
  ]);
}

function check() {
  return {
    heading: 'check',
    program: 'node',
    args: ['scripts/check.mjs', '--built'],
    options: {},
    ended: (code) => code !== 0 && broken('the check failed'),
  };
}

/** A run of mocha whose counts are added to the totals. `command` is given the options that set the reporter. */
function counted(heading, { reporter, cwd = root }, command) {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-totals-'));
  const file = join(folder, 'totals');
  const [program, args, env] = command(['--reporter', REPORTER]);
  const options = { cwd, env: { ...env, LOCKSTEP_TOTALS: file, LOCKSTEP_REPORTER: reporter } };

  return { heading, program, args, options, ended };

  function ended(code) {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
    const counts = lines.map((line) => JSON.parse(line));
    rmSync(folder, { recursive: true, force: true });

    for (const kind of Object.keys(totals)) for (const count of counts) totals[kind] += count[kind];
    if (counts.length === 0) broken(`${heading}: mocha ended without a result`);
    else if (code !== 0 && counts.every(({ failed }) => failed === 0))
      broken(`${heading}: mocha ended with code ${code}`);
  }
}

/**
 * Performs steps one after the other. What they say is shown at once with `stdio: 'inherit'`, otherwise
 * as a whole, once the step has ended and `behind` has, too.
 */
async function inTurn(steps, { stdio, behind = Promise.resolve() }) {
  const shown = [];
  for (const { heading, program, args, options, ended } of steps.filter(Boolean)) {
    if (stdio === 'inherit') console.log(`\n== ${heading}`);
    const { code, said } = await runBeside(program, args, { ...options, ...(stdio && { stdio }) });
    shown.push(
      behind.then(() => {
        if (stdio !== 'inherit') console.log(`\n== ${heading}\n${said}`);
        ended(code);
      }),
    );
  }
  await Promise.all(shown);
}

/** Runs a script of the package that must succeed; returns whether it did. */
function build(heading, script) {
  const code = run(heading, 'npm', ['run', '-s', script]);
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
