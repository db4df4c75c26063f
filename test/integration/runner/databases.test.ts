import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, runMocha, type MochaRun } from '../run-mocha.js';
import { watchMocha } from '../watch-mocha.js';
import { newDatabase } from '../postgres/server.js';

const folder = fixture('databases');
const limit = 60_000;

/** Which engines the two databases have. */
const kinds = [
  { MAIN: 'sqlite', AUDIT: 'sqlite' },
  { MAIN: 'postgres', AUDIT: 'sqlite' },
  { MAIN: 'postgres', AUDIT: 'postgres' },
] as const;

describe('several databases', function () {
  // The first run of a server makes the cluster, which later ones copy.
  this.timeout(90_000);

  for (const env of inLongRun<(typeof kinds)[number]>([kinds[0], kinds[2]], [kinds[1]])) {
    const title = `${env.MAIN} and ${env.AUDIT}`;

    it(`${title}: both are seen by the app and by the test, and rolled back`, async () => {
      const run = await runMocha(folder, ['several.mjs'], { env, limit });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(16);
      expect(run.stderr).to.equal('');
    });

    describe(`${title}: failures`, () => {
      const engine = { main: env.MAIN, audit: env.AUDIT };
      const app = (database: 'main' | 'audit'): string =>
        `${engine[database] === 'sqlite' ? 'sqlite3' : 'postgres'} connection \\d+ of ${database}`;
      const lost = (database: 'main' | 'audit'): string =>
        engine[database] === 'sqlite' ? `of session of ${database} ended` : `Postgres, for the database ${database},`;
      let run: MochaRun;

      before(async () => {
        run = await runMocha(folder, ['failures.mjs'], { env, limit });
      });

      const named: [title: string, code: string, ...texts: string[]][] = [
        ['stall of main', 'STALL', `${app('main')} cannot run`, `${app('main')} has held the database`],
        ['stall of audit', 'STALL', `${app('audit')} cannot run`, `${app('audit')} has held the database`],
        [
          'stall of the session',
          'STALL',
          `${app('audit')} cannot run`,
          'session of audit has held',
          'session.transaction',
        ],
        ['leak of main', 'LEAK', `${app('main')} has a transaction open`],
        ['leak of audit', 'LEAK', `${app('audit')} has a transaction open`],
        ['leak of both', 'LEAK', `${app('audit')} has a transaction open.*; ${app('main')} has a transaction open`],
        ['wait', 'SYNC_TIMEOUT', `- ${app('audit')} has a transaction open, idle for`],
        ['straggler the test that ends', 'LEAK', `${app('audit')} has a transaction open`],
        ['straggler the test after it', 'STRAGGLER', `${app('audit')} sent .* after .*straggler the test that ends`],
        ['lost audit', 'SANDBOX_LOST', lost('audit')],
        ['lost main', 'SANDBOX_LOST', lost('main')],
        ['lost both', 'SANDBOX_LOST', `- .*${lost('audit')}.*\\n.*- .*${lost('main')}`],
        ['lost audit, and the test says so', 'SANDBOX_LOST', lost('audit')],
        ['in a hook is told at its end', 'SANDBOX_LOST', lost('audit')],
      ];

      for (const [test, code, ...texts] of named) {
        it(`${test}: LOCKSTEP_${code}`, () => {
          const { message = '' } = run.find(`failures name the database ${test}`).err;

          expect(message).to.contain(`(LOCKSTEP_${code}, see`);
          for (const text of texts) expect(message).to.match(new RegExp(text));
        });
      }

      it('leave the tests after them untouched, on both', () => {
        expect(run.failed).to.have.length(named.length);
        expect(run.passed.filter((test) => test.endsWith('and the next test runs'))).to.have.length(13);
      });

      it('end by themselves', () => expect(run.stderr).to.equal(''));
    });
  }

  for (const SESSION_DRIVER of inLongRun(['builtin'], ['pg-native'])) {
    it(`a replica shares the sandbox of its primary, and refuses to write (${SESSION_DRIVER})`, async () => {
      const env = { MAIN: 'postgres', AUDIT: 'sqlite', SESSION_DRIVER };
      const run = await runMocha(folder, ['replica.mjs'], { env, limit });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(4);
    });
  }

  it('two databases of one server that is named by its URL', async () => {
    const [main, audit] = await Promise.all(['several_main_test', 'several_audit_test'].map(newDatabase));
    const url = (config = main): string =>
      `postgres:///${config?.database ?? ''}?host=${encodeURIComponent(String(config?.host))}&user=${String(config?.user)}`;
    // What fills in for a URL must not be what another sandbox was given.
    const env = { MAIN: 'postgres', AUDIT: 'postgres', MAIN_SERVER: url(main), AUDIT_SERVER: url(audit) };
    const run = await runMocha(folder, ['several.mjs', 'replica.mjs'], { env, limit });

    expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
    expect(run.passed).to.have.length(20);
  });

  it('a test file in TypeScript', async () => {
    const run = await runMocha(folder, ['typed.ts'], { args: ['--require', 'tsx', '--require', 'lockstep/mocha'] });

    expect(run.passed, run.stdout + run.stderr).to.have.length(2);
  });

  for (const env of inLongRun<(typeof kinds)[number]>([kinds[0]], [kinds[1], kinds[2]])) {
    it(`${env.MAIN} and ${env.AUDIT}: --parallel, two files in one worker, and one in another`, async () => {
      const args = ['--require', 'lockstep/mocha', '--parallel', '--jobs', '2'];
      const files = ['several.mjs', 'failures.mjs', 'more.mjs'];
      const run = await runMocha(folder, files, { args, env, limit });

      expect(run.failed, run.stdout + run.stderr).to.have.length(14);
      expect(run.passed).to.have.length(16 + 13 + 1);
    });
  }

  for (const env of inLongRun<(typeof kinds)[number]>([kinds[0]], [kinds[1], kinds[2]])) {
    it(`${env.MAIN} and ${env.AUDIT}: watch mode`, async () => {
      const { runs, output } = await watchMocha(folder, 'watched.cjs', { env });

      expect(runs, output).to.have.length(3);
      for (const run of runs) expect(run, output).to.match(/^ *3 passing[^\n]*$/);
    });
  }

  it('LOCKSTEP_DEBUG=1 tells the database of each statement', async () => {
    const { stderr } = await runMocha(folder, ['several.mjs'], { env: { LOCKSTEP_DEBUG: '1' } });

    expect(stderr).to.match(/sqlite3 connection \d+ of audit: insert into `entries`/);
    expect(stderr).to.match(/sqlite3 connection \d+ of main: insert into `orders`/);
    expect(stderr).to.match(/turn kept by sqlite3 connection \d+ of audit/);
    expect(stderr).to.match(/session of audit: insert into/i);
  });
});
