import { expect } from 'chai';

import { inLongRun } from '../long-run.js';
import { fixture, runMocha, type MochaRun } from '../run-mocha.js';
import { newDatabase } from './server.js';

const folder = fixture('postgres-lost');
const required = ['--require', './threads.cjs', '--require', 'lockstep/mocha'];
const limit = 60_000;

/** What is lost, and what the messages say of it. */
const blows: readonly [title: string, blow: string, cause: RegExp][] = [
  ["the embedded server's postmaster is killed", 'postmaster', /connection to Postgres.* ended/],
  ['the one backend is killed', 'backend', /connection to Postgres.* ended/],
  ['the socket to a server of your own is cut', 'socket', /connection to Postgres.* ended/],
  ["the relay's worker is terminated", 'relay', /relay's thread has ended|connection to Postgres.* ended/],
];

const tests = [
  "lost amid the app's statement",
  "lost amid the app's transaction",
  "lost amid the session's statement",
  "lost amid the session's transaction",
  'lost with fixtures amid a test',
  'lost without fixtures amid a test',
];

const missing = 'lost with fixtures misses the rows of a hook';
const otherwise = 'lost without fixtures fails for a reason of its own';

describe('postgres: losses under mocha', function () {
  this.timeout(90_000);

  for (const SESSION_DRIVER of inLongRun(['builtin'], ['pg-native'])) {
    for (const [title, BLOW, cause] of blows) {
      describe(`${title} (${SESSION_DRIVER})`, () => {
        let run: MochaRun;

        before(async () => {
          const env = { SESSION_DRIVER, BLOW, ...(BLOW === 'socket' && { BEHIND_PROXY: await serverSocket() }) };
          run = await runMocha(folder, ['lost.mjs'], { args: required, env, limit });
        });

        for (const test of tests) {
          it(`${test}: fails with the cause`, () => {
            const { message = '' } = run.find(test).err;

            expect(message)
              .to.match(cause)
              .and.match(/\(LOCKSTEP_(SANDBOX|CONNECTION)_LOST, see/)
              .and.not.match(/Timeout of/);
          });
        }

        it('a test that misses the rows of a hook learns where they have gone', () => {
          const { message, cause, why } = run.find(missing).err;

          expect(message).to.match(/1 !== 2/);
          expect(cause?.code).to.equal('LOCKSTEP_SANDBOX_LOST');
          expect(why).to.match(
            /^Whatever the hooks of "lost with fixtures" .* lost in "lost with fixtures amid a test"/,
          );
        });

        it('a test whose hooks have lost nothing fails for its own reason only', () => {
          // A thread that has ended cannot tell whose work it was.
          if (BLOW !== 'relay') expect(run.find(otherwise).err.why).to.equal(undefined);
        });

        it('the next tests work', () => {
          const [last = '', ...others] = [...tests].reverse();
          expect(run.failed, run.stdout + run.stderr).to.deep.equal([...others.reverse(), missing, last, otherwise]);
          expect(run.passed).to.have.length(tests.length + 1);
          // libpq says so of the rollback of a transaction that went with its connection.
          expect(run.stderr.replace('WARNING:  there is no transaction in progress\n', '')).to.equal('');
        });
      });
    }

    for (const [title, BLOW] of [
      ['backend is ended', 'backend'],
      ["relay's thread is ended", 'relay'],
    ] as const) {
      it(`fixtures that are lost while no test uses them: the first that can fails with the cause, when the ${title} (${SESSION_DRIVER})`, async () => {
        const run = await runMocha(folder, ['unheard.mjs'], { args: required, env: { SESSION_DRIVER, BLOW }, limit });
        const [first = '', ...others] = run.failed;
        const { message = '', cause } = run.find(first).err;

        // The loss may become known only after the test has seen what is missing.
        if (cause?.code !== 'LOCKSTEP_SANDBOX_LOST') expect(message).to.match(/\(LOCKSTEP_\w+_LOST, see/);
        if (first === 'unheard builds on what is gone') expect(others, run.stdout + run.stderr).to.deep.equal([]);
        // Or it was known by the end of the test itself.
        else
          expect(run.failed).to.deep.equal([
            'unheard ends at once, and uses no database',
            'unheard builds on what is gone',
          ]);
        expect(run.passed).to.include('unheard elsewhere works');
      });
    }

    for (const [title, BLOW] of [
      ['socket is cut', 'socket'],
      ["relay's thread is ended", 'relay'],
    ] as const) {
      it(`the locks of a statement that goes on keep nobody waiting, when the ${title} (${SESSION_DRIVER})`, async () => {
        const env = { SESSION_DRIVER, BLOW, BEHIND_PROXY: await serverSocket() };
        const run = await runMocha(folder, ['locks.mjs'], { args: required, env, limit });

        expect(run.failed, run.stdout + run.stderr).to.deep.equal([
          'locks of a row are lost with their connection',
          'locks of the table are lost with their connection',
        ]);
        expect(run.passed).to.have.length(2);
      });
    }

    it(`a session that ends its own connection is told once, and goes on (${SESSION_DRIVER})`, async () => {
      const run = await runMocha(folder, ['ended.mjs'], { args: required, env: { SESSION_DRIVER }, limit });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(2);
    });
  }
});

/** The socket of a server with an empty database. */
async function serverSocket(): Promise<string> {
  const { host, port } = await newDatabase('lost_test');
  return `${String(host)}/.s.PGSQL.${String(port)}`;
}
