import { expect } from 'chai';
import { fixture, runMocha } from '../run-mocha.js';

const folder = fixture('postgres-run');

describe('mocha on Postgres', function () {
  // The first run makes the cluster, which later ones copy.
  this.timeout(90_000);

  for (const [title, env] of [
    ['over pg-native', { SESSION_DRIVER: 'pg-native' }],
    ['over the built-in driver', { SESSION_DRIVER: 'builtin' }],
    ["with libpq's variables", { WAY: 'PG*' }],
    ['with a function that takes the URL', { WAY: 'swap' }],
  ] as const) {
    it(`${title}: tests are synchronous, rolled back, and the run ends without a word though the app's pool is open`, async () => {
      const run = await runMocha(folder, ['notes.mjs'], { env, limit: 60_000 });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal(['notes fails and is rolled back']);
      expect(run.passed).to.have.length(10);
      expect(run.code).to.equal(1);
      expect(run.stderr).to.equal('');
    });
  }

  it('goes on with the app and its connections in the next file of a --parallel worker', async () => {
    const run = await runMocha(folder, ['notes.mjs', 'more.mjs'], {
      args: ['--require', 'lockstep/mocha', '--parallel', '--jobs', '1'],
      limit: 60_000,
    });

    expect(run.failed, run.stdout + run.stderr).to.deep.equal(['notes fails and is rolled back']);
    expect(run.passed).to.have.length(12);
  });
});
