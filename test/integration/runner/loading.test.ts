import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, MOCHAS, type MochaRun, type MochaVersion, runMocha } from '../run-mocha.js';
import { watchMocha } from '../watch-mocha.js';

const folder = fixture('loading');

/** Apps that use their database at the top level of their module. */
const apps: readonly (readonly [file: string, env: Readonly<Record<string, string>>])[] = [
  ['pg.mjs', { ENGINE: 'postgres' }],
  ['pg-unawaited.cjs', { ENGINE: 'postgres' }],
  ['postgres.mjs', { ENGINE: 'postgres' }],
  ['better-sqlite3.cjs', {}],
  ['sqlite3.cjs', { SWAP: 'sqlite3' }],
];

const ROUNDS = [1, 2].map((round) => `finds what the app made as it was loaded (${round})`);

describe('test files that use the database as they are loaded', function () {
  this.timeout(60_000);

  for (const [app, env] of apps) {
    const use = { ...env, APP: `./apps/${app}` };

    // How the oldest goes about it is seen with one app.
    const mochas = app === 'pg.mjs' ? new Set<MochaVersion>(['mocha10', ...MOCHAS]) : MOCHAS;
    for (const mocha of mochas) {
      it(`${app}, ${mocha}`, async () => {
        passed(await runMocha(folder, ['tests.mjs'], { mocha, env: use }), ROUNDS);
      });
    }

    if (inLongRun<string>(['pg.mjs', 'better-sqlite3.cjs'], [app]).includes(app)) {
      it(`${app}, in workers`, async () => {
        const files = app.endsWith('.cjs') ? ['tests.mjs', 'tests.cjs'] : ['tests.mjs'];
        const run = await runMocha(folder, files, {
          args: ['--require', 'lockstep/mocha', '--parallel', '--jobs', '2'],
          env: use,
        });
        passed(
          run,
          files.flatMap(() => ROUNDS),
        );
      });
    }

    if (inLongRun<string>(['pg.mjs'], [app]).includes(app)) withOptions(app, use);
    if (app.endsWith('.cjs') && inLongRun<string>(['pg-unawaited.cjs', 'better-sqlite3.cjs'], [app]).includes(app)) {
      it(`${app}, in watch mode`, async () => {
        const { runs, output } = await watchMocha(folder, 'tests.cjs', { env: use });
        expect(
          runs.map((run) => run.trim().split(' (')[0]),
          output,
        ).to.deep.equal(['2 passing', '2 passing', '2 passing']);
      });
    }
  }

  const HOOKED = [1, 2].map((round) => `finds what a root hook did by the app (${round})`);
  for (const [app, env] of inLongRun(
    apps.filter(([app]) => app === 'pg.mjs' || app === 'sqlite3.cjs'),
    apps.filter(([app]) => app !== 'pg.mjs' && app !== 'sqlite3.cjs'),
  )) {
    const use = { ...env, APP: `./apps/${app}` };
    const required = ['--require', 'lockstep/mocha', '--require', './root-hooks.mjs'];

    for (const mocha of inLongRun<MochaVersion>(['mocha10', 'mocha'], ['mocha11'])) {
      it(`${app}, by another plug-in that is required behind, ${mocha}`, async () => {
        passed(await runMocha(folder, ['hooked.mjs'], { args: required, env: use, mocha }), HOOKED);
      });

      it(`${app}, by another plug-in that is required behind, in workers, ${mocha}`, async () => {
        const args = [...required, '--parallel', '--jobs', '2'];
        const run = await runMocha(folder, ['hooked.mjs', 'hooked-too.mjs'], { args, env: use, mocha });
        passed(run, [...HOOKED, ...HOOKED]);
      });
    }
  }

  function withOptions(app: string, use: Readonly<Record<string, string>>): void {
    it(`${app}, by --file`, async () => {
      const args = ['--require', 'lockstep/mocha', '--file', 'first.mjs'];
      passed(await runMocha(folder, ['tests.mjs'], { args, env: use }), ROUNDS);
    });

    it(`${app}, with --delay`, async () => {
      const args = ['--require', 'lockstep/mocha', '--delay'];
      passed(await runMocha(folder, ['delayed.mjs'], { args, env: use }), ['made late finds what the app made']);
    });

    it(`${app}, by another plug-in's global setup`, async () => {
      const args = ['--require', './plugin.mjs', '--require', 'lockstep/mocha'];
      passed(await runMocha(folder, ['tests.mjs'], { args, env: use }), ROUNDS);
    });
  }

  describe('where that cannot be', () => {
    it('a plug-in that asks in the process that only hands files to workers is told so, and nothing hangs', async () => {
      const run = await runMocha(folder, ['tests.mjs'], {
        args: ['--require', './plugin.mjs', '--require', 'lockstep/mocha', '--parallel', '--jobs', '2'],
        env: { ENGINE: 'postgres', APP: './apps/pg.mjs' },
      });
      expect(run.code).to.equal(1);
      expect(run.stderr).to.match(/wants the sandbox, which is not open/);
      expect(run.stderr).to.match(/hands files to parallel workers/);
      expect(run.stderr).to.contain('apps/pg.mjs:6');
    });

    for (const mocha of MOCHAS) {
      it(`a top level that waits for good is named, and ${mocha} ends with 1`, async () => {
        const run = await ends(mocha, 'never.mjs', { APP: './apps/better-sqlite3.cjs' });
        expect(run.stderr).to.match(
          /LoadingError: The process ended while never\.mjs was being loaded, before any test/,
        );
        expect(run.stderr).to.contain('LOCKSTEP_LOADING');
      });
    }

    it('connections that wait for each other at the top level are named', async () => {
      const run = await ends('mocha', 'blocked.mjs', { ENGINE: 'postgres' });
      expect(run.stderr).to.match(/blocked\.mjs/);
      expect(run.stderr).to.contain('insert into notes values (1)');
      expect(run.stderr).to.contain('select * from notes');
    });

    for (const [engine, app, error] of [
      ['postgres', 'pg.mjs', /syntax error at or near "tabel"/],
      ['sqlite', 'better-sqlite3.cjs', /near "tabel": syntax error/],
    ] as const) {
      it(`a schema that is wrong is told by the first hook, on ${engine}`, async () => {
        const run = await ends('mocha', 'tests.mjs', { ENGINE: engine, SCHEMA: './wrong.sql', APP: `./apps/${app}` });
        const { err } = run.find(`"before all" hook: beforeAll for "${ROUNDS[0]}"`);
        expect(err.message).to.match(error);
        expect(err.stack).to.contain('wrong.sql:1');
      });
    }

    it('a server that cannot be reached is what is told', async () => {
      const url = 'postgresql://nobody@127.0.0.1:1/lockstep_test';
      const run = await ends('mocha', 'tests.mjs', { ENGINE: 'postgres', URL: url, APP: './apps/pg.mjs' });
      expect(run.stderr).to.contain('LOCKSTEP_SERVER');
      expect(run.stderr).to.match(
        /Exception during run: error: A connection of the app wants the sandbox, which is not open/,
      );
      expect(run.stderr).to.match(/It could not be opened: /);
    });
  });
});

function passed(run: MochaRun, tests: readonly string[]): void {
  expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
  expect(run.passed, run.stdout + run.stderr).to.deep.equal(tests);
  expect(run.code).to.equal(0);
}

async function ends(mocha: MochaVersion, file: string, env: Readonly<Record<string, string>>): Promise<MochaRun> {
  const run = await runMocha(folder, [file], { mocha, env, limit: 20_000 });
  expect(run.code, run.stderr).to.equal(1);
  expect(run.passed).to.deep.equal([]);
  return run;
}
