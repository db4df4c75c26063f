import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { fixture, withoutReader } from '../run-mocha.js';
import type { Output, Told } from './tiny/main.js';

const MAIN = fileURLToPath(new URL('./tiny/main.js', import.meta.url));

/** Tests of the fixture that are to pass; all others fail. */
const PASSING = [
  'a test > writes by the app and by the session',
  'a test > sees nothing of the one before',
  'a test > waits for what is async',
  'a test > may be async',
  'outer > sees its fixtures',
  'outer > inner > sees those around it',
  'outer > inner > sees them anew',
  'outer > sees nothing of what was inside',
  'as one > writes',
  'as one > builds on it',
  'sees nothing of what was rolled back as one',
  'left alone > awaits',
  'is tried again, with nothing of the first time',
  'sees nothing of the failed hook',
  'leaks > are gone',
  'failures > fail no other',
  'a forgotten call > goes on behind its test',
  'a forgotten call > is refused',
];

/** The others by their titles, and what each fails with. */
const FAILING: readonly (readonly [title: string, code: string | undefined, message: RegExp])[] = [
  ['a call at the top level of a file', 'LOCKSTEP_NOT_RUNNING', /a tiny plug-in.*into a tiny hook; give the plug-in/s],
  ['a test > cannot wait behind an await', 'LOCKSTEP_WAIT_PLACE', /after an `await`/],
  ['left alone > cannot wait', 'LOCKSTEP_WAIT_PLACE', /cannot wait here/],
  ['with a failing hook > before', undefined, /^the hook failed$/],
  ['leaks > behind a test', 'LOCKSTEP_LEAK', /leaks > behind a test/],
  ['leaks > with a hook behind it > behind a hook', 'LOCKSTEP_LEAK', /leaks > with a hook behind it > behind a hook/],
  ['failures > of the app', undefined, /^the app crashed$/],
  ['failures > of a wait', 'LOCKSTEP_SYNC_TIMEOUT', /GET \/silent/],
  ['failures > of the time', undefined, /^over 1000 ms$/],
];

describe('the contract of a runner, with another one than mocha', function () {
  this.timeout(60_000);

  const lost = ['losses > fail the test', 'LOCKSTEP_SANDBOX_LOST', /insert or rollback/] as const;
  for (const { database, passing, failing } of [
    { database: 'sqlite', passing: [...PASSING, 'losses > fail no other'], failing: [...FAILING, lost] },
    { database: 'postgres', passing: [...PASSING, 'is on the database of its worker'], failing: FAILING },
  ]) {
    describe(`on ${database}`, () => {
      let output: Output;
      let stderr: string;

      before(async () => ({ output, stderr } = await runTiny('suite.mjs', { TINY: database })));

      const errorsOf = (title: string): readonly Told[] => {
        const test = output.tests.find((found) => found.title === title);
        if (test === undefined) throw new Error(`no test "${title}" in ${JSON.stringify(output, undefined, 1)}`);
        return test.errors;
      };

      it('each test and hook runs once, and no other', () => {
        const titles = output.tests.map(({ title }) => title);
        expect(titles).to.have.members([...passing, ...failing.map(([title]) => title)]);
      });

      for (const title of passing) it(`passes: ${title}`, () => expect(errorsOf(title)).to.deep.equal([]));

      for (const [title, code, message] of failing) {
        it(`fails once: ${title}`, () => {
          const errors = errorsOf(title);
          expect(errors).to.have.lengthOf(1);
          expect(errors[0]).to.have.property('message').that.matches(message);
          expect(errors[0]?.code).to.equal(code);
          expect(errors[0]?.stack).to.contain('suite.mjs');
          expect(errors[0]?.message).not.to.contain('mocha');
        });
      }

      it('a test that is tried again has two attempts', () => {
        expect(output.tests.filter(({ attempts }) => attempts > 1)).to.have.lengthOf(1);
      });

      it('what was pending when the time was over is in the report', () => {
        expect(errorsOf('failures > of a wait')[0]?.stack).to.contain('GET /silent');
      });

      it('work that came late fails nothing, and the end of the run tells of it', () => {
        expect(output.failure).to.equal(undefined);
        expect(stderr).to.contain('LOCKSTEP_LATE_WORK').and.to.contain('a forgotten call > goes on behind its test');
      });
    });
  }

  for (const env of [{ TINY: 'sqlite' }, { TINY: 'postgres', TINY_HOST: 'worker' }]) {
    it(`speaks in the words of its adapter: ${Object.values(env).join(' in a ')}`, async () => {
      const { output } = await runTiny('words.mjs', env);
      const [refused, waits] = output.tests.map(({ errors }) => errors[0]?.message);
      expect(refused).to.contain('in a block with outside: true');
      expect(waits).to.contain('raise the timeout (the tiny limit,');
    });
  }
});

async function runTiny(file: string, env: NodeJS.ProcessEnv): Promise<{ output: Output; stderr: string }> {
  const run = promisify(execFile);
  const { stdout, stderr } = await run(process.execPath, [MAIN, file], {
    cwd: fixture('tiny-runner'),
    env: { ...withoutReader(process.env), ...env },
  });
  return { output: JSON.parse(stdout) as Output, stderr };
}
