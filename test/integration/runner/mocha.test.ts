import { expect } from 'chai';
import { fixture, runMocha, type MochaRun } from '../run-mocha.js';

const notes = fixture('notes');

describe('lockstep/mocha', () => {
  describe('what a test writes', () => {
    let run: MochaRun;

    before(async function () {
      this.timeout(30_000);
      run = await runMocha(notes, ['rollback.mjs']);
    });

    it('is seen on both sides and gone after each test, however that ended', () => {
      expect(run.failed, run.stdout).to.deep.equal([
        'what a test writes throws',
        'what a test writes times out',
        'what a test writes waits in vain',
        'what a test writes meets an app that crashes',
        'what a test writes meets an app that crashes in a timer',
      ]);
      expect(run.passed).to.have.length(12);
    });

    it('ends by itself and writes nothing on its own account', () => {
      expect(run.code).to.equal(5);
      expect(run.stderr).to.equal('');
    });

    it('shows the line of the app, then the line of the test', () => {
      const { stack = '' } = run.find('meets an app that crashes').err;

      expect(stack).to.match(/the app crashed[\s\S]*app\.mjs[\s\S]*rollback\.mjs/);
    });

    it('shows the same for an error that nobody in the app awaited', () => {
      const { stack = '' } = run.find('meets an app that crashes in a timer').err;

      expect(stack).to.match(/the app crashed in a timer[\s\S]*app\.mjs[\s\S]*rollback\.mjs/);
    });
  });

  it('keeps the fixtures of a describe for all its tests, nested', async () => {
    const run = await runMocha(notes, ['layers.mjs']);

    expect(run.failed, run.stdout).to.deep.equal([]);
    expect(run.passed).to.have.length(6);
    expect(run.code).to.equal(0);
  });

  // With --parallel the channel to the parent process keeps the loop alive.
  for (const options of [[], ['--parallel', '--jobs', '2']]) {
    it(`tells a wait that nothing can end, before its deadline ${options.join(' ')}`.trim(), async () => {
      const args = ['--require', 'lockstep/mocha', '--timeout', '10000', ...options];
      const run = await runMocha(notes, ['deadlock.mjs'], { args });

      expect(run.passed).to.deep.equal(['waits that nothing can end and the next test runs']);
      for (const title of ['deadlock', 'no answer']) {
        expect(run.find(title).err.message).to.contain('LOCKSTEP_DEADLOCK');
        expect(run.find(title).duration).to.be.below(10_000);
      }
      expect(run.find('no answer').err.message).to.contain('GET /silent');
    });
  }

  describe('test files of every kind', () => {
    it('CommonJS', async () => {
      const run = await runMocha(notes, ['contexts.cjs']);
      expect(run.passed, run.stdout + run.stderr).to.have.length(1);
    });

    it('TypeScript, through tsx', async () => {
      const run = await runMocha(notes, ['typed.ts'], { args: ['--require', 'tsx', '--require', 'lockstep/mocha'] });
      expect(run.passed, run.stdout + run.stderr).to.have.length(1);
    });

    it('the top level of a file is too early for the session, and is told so', async () => {
      const run = await runMocha(notes, ['too-early.mjs']);
      expect(run.code).to.equal(1);
      expect(run.stdout + run.stderr).to.contain('LOCKSTEP_NOT_RUNNING');
    });
  });

  for (const LOCKSTEP_AUTO of ['1', '0']) {
    it(`says once that the sandbox was lost (LOCKSTEP_AUTO=${LOCKSTEP_AUTO})`, async () => {
      const run = await runMocha(notes, ['lost.mjs'], { env: { LOCKSTEP_AUTO } });
      const waits = LOCKSTEP_AUTO === '0' ? ['the next suite answers'] : [];

      expect(run.failed, run.stdout).to.deep.equal([
        'with a hook behind the test thrown by the statement',
        'with a hook behind the test as the cause of another error',
        'with a hook behind the test async',
        'with a hook behind the test swallowed',
        'in afterEach "after each" hook for "a test"',
        'in beforeEach "before each" hook for "a test"',
        'in before "before all" hook for "a test"',
        ...waits,
      ]);
      expect(run.find('swallowed').err.code).to.equal('LOCKSTEP_SANDBOX_LOST');
      expect(run.passed.filter((title) => title.endsWith('and the next test runs'))).to.have.length(4);
    });
  }

  describe('failures', () => {
    let run: MochaRun;

    before(async function () {
      this.timeout(30_000);
      run = await runMocha(notes, ['failures.mjs']);
    });

    const named: [title: string, code: string, ...texts: RegExp[]][] = [
      ['stall', 'LOCKSTEP_STALL', /sqlite3 connection/, /insert into `notes`/, /trx/],
      [
        'straggler the test after it',
        'LOCKSTEP_STRAGGLER',
        /"failures that explain themselves straggler the test that ends"/,
      ],
      ['leak', 'LOCKSTEP_LEAK', /transaction/, /insert into `notes`/],
      ['timeout', 'LOCKSTEP_SYNC_TIMEOUT', /200 ms/, /timer/],
      ['after an await', 'LOCKSTEP_WAIT_PLACE', /after an `await`/],
      ['lost', 'LOCKSTEP_SANDBOX_LOST', /insert or rollback/],
    ];

    for (const [title, code, ...texts] of named) {
      it(`${title}: ${code}`, () => {
        const { err } = run.find(`failures that explain themselves ${title}`);

        expect(err.code, run.stdout).to.equal(code);
        for (const text of texts) expect(err.message).to.match(text);
        expect(err.message).to.contain('docs/troubleshooting.md#');
      });
    }

    it('leave the tests after them untouched', () => {
      expect(run.failed.filter((title) => title.endsWith('and the next test runs'))).to.deep.equal([]);
      expect(run.passed.filter((title) => title.endsWith('and the next test runs'))).to.have.length(7);
    });

    it('async, done and sync tests live side by side', () => {
      expect(run.passed.filter((title) => title.startsWith('tests of all kinds'))).to.have.length(4);
    });

    it('ends by itself, and names the tests that have left work behind', () => {
      expect(run.stderr).to.match(
        /^\(node:\d+\) \[LOCKSTEP_LATE_WORK\] Warning: A test left [^\n]*\n {2}- "[^\n]* the test that ends": /,
      );
      expect(run.stderr.match(/^\(node/gm)).to.have.length(1);
    });
  });
});
