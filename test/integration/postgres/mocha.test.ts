import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, runMocha } from '../run-mocha.js';
import { watchMocha } from '../watch-mocha.js';

const folder = fixture('postgres-run');

describe('mocha on Postgres', function () {
  // The first run makes the cluster, which later ones copy.
  this.timeout(90_000);

  for (const [title, env] of inLongRun<readonly [title: string, env: Readonly<Record<string, string>>]>(
    [
      ['over the built-in driver', { SESSION_DRIVER: 'builtin' }],
      ["with libpq's variables", { WAY: 'PG*' }],
      ['with a function that takes the URL', { WAY: 'swap' }],
    ],
    [['over pg-native', { SESSION_DRIVER: 'pg-native' }]],
  )) {
    it(`${title}: tests are synchronous, rolled back, and the run ends without a word though the app's pool is open`, async () => {
      const run = await runMocha(folder, ['notes.mjs'], { env, limit: 60_000 });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal(['notes fails and is rolled back']);
      expect(run.passed).to.have.length(11);
      expect(run.code).to.equal(1);
      expect(run.stderr).to.equal('');
    });
  }

  it('fails each test whose app forgets to await a query that fails', async () => {
    const run = await runMocha(folder, ['forgotten.mjs'], { limit: 60_000 });

    expect(run.passed, run.stdout + run.stderr).to.deep.equal([
      'an app that forgets an await has a connection',
      'an app that forgets an await works on',
    ]);
    expect(run.failed).to.have.length(10);
    for (const test of run.failed) expect(run.find(test).err.message).to.match(/^duplicate key value/);
  });

  it('goes on with the app and its connections in the next file of a --parallel worker', async () => {
    const run = await runMocha(folder, ['notes.mjs', 'more.mjs'], {
      args: ['--require', 'lockstep/mocha', '--parallel', '--jobs', '1'],
      limit: 60_000,
    });

    expect(run.failed, run.stdout + run.stderr).to.deep.equal(['notes fails and is rolled back']);
    expect(run.passed).to.have.length(13);
  });

  describe('watch mode', () => {
    const passed = /^ *5 passing[^\n]*$/;

    for (const [title, options, first] of inLongRun<readonly [title: string, options: object, first: RegExp]>(
      [
        [
          'goes on behind a run that was broken off',
          { interrupt: /sees what the app commits/, env: { BREAK_OFF: '1' } },
          /^ *[1-4] passing/,
        ],
      ],
      [['runs again and again in one process, whose app keeps its connections', {}, passed]],
    )) {
      it(title, async () => {
        const { runs, output, code } = await watchMocha(folder, 'watched.cjs', options);

        expect(runs[0], output).to.match(first);
        for (const run of runs.slice(1)) expect(run, output).to.match(passed);
        expect(runs).to.have.length(3);
        expect(code).to.equal(130);
      });
    }

    it('goes on behind a run that could not start', async () => {
      const schema = readFileSync(join(folder, 'schema.sql'), 'utf8');
      const place = mkdtempSync(join(tmpdir(), 'lockstep-watch-'));
      const SCHEMA = join(place, 'schema.sql');
      try {
        writeFileSync(SCHEMA, 'create tabel notes ()');
        const failed = /^ *0 passing[^]*1 failing/;
        const wanted = inLongRun([failed, passed], [failed]);
        const { runs, output } = await watchMocha(folder, 'watched.cjs', {
          runs: wanted.length,
          env: { SCHEMA },
          between: (run) => writeFileSync(SCHEMA, run === 1 ? schema : 'create table other ()'),
        });

        expect(output).to.contain('syntax error at or near "tabel"');
        expect(runs, output).to.have.length(wanted.length);
        for (const [index, how] of wanted.entries()) expect(runs[index], output).to.match(how);
      } finally {
        rmSync(place, { recursive: true });
      }
    });
  });
});
