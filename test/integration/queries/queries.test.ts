import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, mochaProgram, type MochaRun, runMocha } from '../run-mocha.js';

const folder = fixture('queries');
// A thousand statements take their time on a busy machine.
const args = ['--require', 'lockstep/mocha', '--timeout', '20000'];

const WAYS = inLongRun<readonly [title: string, env: Readonly<Record<string, string>>]>(
  [
    ['sqlite3', { WAY: 'sqlite3' }],
    ['better-sqlite3', { WAY: 'better-sqlite3' }],
    ['pg, the built-in session', { WAY: 'pg', SESSION_DRIVER: 'builtin' }],
  ],
  [
    ['pg, the session by pg-native', { WAY: 'pg', SESSION_DRIVER: 'pg-native' }],
    ['postgres.js, the built-in session', { WAY: 'postgres', SESSION_DRIVER: 'builtin' }],
  ],
);

/** What stands behind the stack of a test's error. */
function reportOf(run: MochaRun, title: string): string[] {
  const { stack = '' } = run.find(title).err;
  const start = stack.indexOf('\n\n  SQL of this');

  return start < 0 ? [] : stack.slice(start + 2).split('\n');
}

/** A report without what differs from run to run. */
function plain(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replace(/\d+\.\d ms/, 'N ms')
      .replace(/(?:sqlite3|postgres) connection \d+/, 'connection')
      .replace(/\$\d/g, '?'),
  );
}

describe('the log of statements', function () {
  this.timeout(90_000);

  for (const [title, env] of WAYS) {
    it(`over ${title}: session.queries, expectQueries and executed(n).queries`, async () => {
      const run = await runMocha(folder, ['log.mjs'], { args, env, limit: 60_000 });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(27);
      expect(run.stderr).to.equal('');
    });
  }

  for (const way of ['sqlite3', 'pg']) {
    describe(`in the report of a failure, over ${way}`, () => {
      let run: MochaRun;

      before(async () => {
        run = await runMocha(folder, ['failures.mjs'], { env: { WAY: way }, limit: 60_000 });
      });

      it('shows the statements of the test behind the stack', () => {
        const lines = reportOf(run, 'a failure with a few statements');
        const [failed = '', why = ''] = lines.splice(9, 2);

        expect(plain(lines)).to.deep.equal([
          '  SQL of this test (8 statements):',
          '    INSERT INTO "providers" ("name") VALUES (?) RETURNING *  (session, N ms, 1 row)',
          '    POST /providers',
          '      begin  (connection, transaction 1, N ms, 0 rows)',
          "      insert into providers (name) values ('Erste')  (connection, transaction 1, N ms, 1 row)",
          "      insert into providers (name) values ('Sparda')  (connection, transaction 1, N ms, 1 row)",
          '      commit  (connection, transaction 1, N ms, 0 rows)',
          '    POST /twice',
          '      begin  (connection, transaction 2, N ms, 0 rows)',
          '      rollback  (connection, transaction 2, N ms, 0 rows)',
        ]);
        expect(failed).to.match(
          /^ {6}insert into providers \(name\) values \('N26'\) {2}\(.*transaction 2, \d+\.\d ms, failed\)$/,
        );
        expect(why).to.match(
          way === 'pg' ? /^ {8}23505: duplicate key value/ : /^ {8}SQLITE_CONSTRAINT_UNIQUE: UNIQUE constraint failed/,
        );
        expect(run.find('a failure with a few statements').err.stack).to.match(/failures\.mjs:\d+:\d+\)\n/);
      });

      it('folds loops, cuts what is long, and points to N+1', () => {
        expect(plain(reportOf(run, 'a failure with many'))).to.deep.equal([
          '  SQL of this test (79 statements):',
          '    30 before these',
          ...Array.from({ length: 9 }, () => [
            '    select count(*) as n from "providers"  (session, N ms, 1 row)',
            "    update providers set name = name where name = 'p0'  (session, N ms, 1 row)",
          ]).flat(),
          '    GET /providers/each',
          '      select id from providers order by id  (connection, N ms, 30 rows)',
          '      30x  select name from providers where id = ?  (connection, N ms, 30 rows)',
          '  GET /providers/each sent one statement 30 times, which looks like N+1: select name from providers where id = ?',
        ]);
      });

      it('says nothing where there is nothing to say', () => {
        for (const title of ['without any', 'of a number of statements', 'that is frozen'])
          expect(reportOf(run, `a failure ${title}`), title).to.deep.equal([]);
      });

      it('has those of hooks, of promises, and of errors that nobody catches', () => {
        for (const title of ['that is no error', 'that nobody catches'])
          expect(plain(reportOf(run, `a failure ${title}`)), title).to.deep.equal([
            '  SQL of this test (1 statement):',
            '    select count(*) as n from "providers"  (session, N ms, 1 row)',
          ]);
        expect(plain(reportOf(run, 'a failure of a promise'))[1]).to.equal('    GET /providers');
        expect(reportOf(run, '"before each" hook for "of each test"')[0]).to.equal('  SQL of this test (1 statement):');
        expect(reportOf(run, '"before all" hook for "never runs"')[0]).to.equal('  SQL of this hook (1 statement):');
      });

      it('fails nobody for N+1 alone', () => {
        expect(run.failed.filter((title) => title.startsWith('no failure'))).to.deep.equal([]);
      });
    });
  }

  it('can be left out of reports, and without the hint', async () => {
    const off = await runMocha(folder, ['failures.mjs'], { env: { QUERIES: '{"report":false}' } });
    expect(off.failed).to.include('a failure with many');
    expect(off.stdout).not.to.include('SQL of this');

    const bare = await runMocha(folder, ['failures.mjs'], { env: { QUERIES: '{"nPlusOne":"off"}' } });
    expect(reportOf(bare, 'a failure with many')).not.to.deep.equal([]);
    expect(bare.stdout).not.to.include('N+1');
  });

  it('fails tests for N+1 if it is told to, from the configured number on', async () => {
    const strict = await runMocha(folder, ['failures.mjs'], { env: { QUERIES: '{"nPlusOne":"error","repeats":7}' } });
    expect(strict.failed.filter((title) => title.startsWith('no failure'))).to.deep.equal([
      'no failure by one statement per row',
    ]);
    expect(strict.find('no failure by one statement per row').err).to.include({ code: 'LOCKSTEP_N_PLUS_ONE' });
    expect(strict.find('no failure by one statement per row').err.message).to.match(
      /^GET \/providers\/each sent one statement 8 times, which looks like N\+1: select name from providers where id = \?\n.*queries\.repeats/,
    );

    const lax = await runMocha(folder, ['failures.mjs'], { env: { QUERIES: '{"nPlusOne":"error","repeats":8}' } });
    expect(lax.failed.filter((title) => title.startsWith('no failure'))).to.deep.equal([]);
  });

  it('is in the reports of other reporters, of files in parallel, and of runs without waits', async () => {
    for (const [args, env] of [
      [['--parallel', '--jobs', '1'], {}],
      [[], { LOCKSTEP_AUTO: '0' }],
    ] as const) {
      const run = await runMocha(folder, ['plain-failure.mjs'], {
        args: ['--require', 'lockstep/mocha', ...args],
        env,
      });
      expect(plain(reportOf(run, 'a plain failure')), run.stdout + run.stderr).to.deep.equal([
        '  SQL of this test (1 statement):',
        '    select count(*) as n from "providers"  (session, N ms, 1 row)',
      ]);
    }

    for (const reporter of inLongRun(['spec', 'xunit'], ['tap', 'dot'])) {
      const args = ['--no-config', '--require', 'lockstep/mocha', '--reporter', reporter, 'plain-failure.mjs'];
      const { stdout } = spawnSync(process.execPath, [mochaProgram(), ...args], { cwd: folder, encoding: 'utf8' });
      expect(stdout, reporter).to.match(/SQL of this test \(1 statement\):\n +select count\(\*\) as n/);
    }
  });
});
