import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, MOCHAS, type MochaRun, type MochaVersion, runMocha } from '../run-mocha.js';

const folder = fixture('transactions');

/** One by itself, one whose transactions are of the library's making, and one on SQLite; then more of the same. */
const LIBRARIES = inLongRun(
  ['pg', 'sequelize-managed', 'knex-sqlite3'],
  ['knex-pg', 'sequelize', 'typeorm', 'mikro-orm', 'slonik', 'knex-better-sqlite3', 'sequelize-sqlite3'],
);

describe('suites that begin and end transactions in hooks', function () {
  this.timeout(60_000);

  for (const library of LIBRARIES) {
    it(`${library}: begun before and rolled back after each test, whatever becomes of it`, async () => {
      textbook(await run('textbook.mjs', library));
    });

    it(`${library}: what a test leaves open keeps no hook from its work`, async () => {
      const result = await run('own.mjs', library);
      // One that has passed and leaked is told so when its hooks have not ended what it has left.
      expect(result.failed, result.stdout).to.deep.equal(['fails and leaves it open', 'passes and leaves it open']);
      expect(result.passed).to.include.members(['is innocent', 'is innocent too']);
      expect(result.find('passes and leaves it open').err.code).to.equal('LOCKSTEP_LEAK');
      expect(result.find('fails and leaves it open').err.message).to.equal('on purpose');
    });

    it(`${library}: what a hook ends is no leak`, async () => {
      const result = await run('own.mjs', library, { END: '1' });
      expect(result.failed, result.stdout).to.deep.equal(['fails and leaves it open']);
      expect(result.passed).to.deep.equal(['is innocent', 'passes and leaves it open', 'is innocent too']);
    });
  }

  for (const mocha of MOCHAS.filter((version) => version !== 'mocha')) {
    it(`with ${mocha}`, async () => textbook(await run('textbook.mjs', 'pg', {}, mocha)));
  }

  for (const SANDBOX_HOST of inLongRun([], ['worker']))
    it('with the hub in a worker', async () => textbook(await run('textbook.mjs', 'pg', { SANDBOX_HOST })));
  it('where nothing is patched', async () => textbook(await run('textbook.mjs', 'pg', { LOCKSTEP_AUTO: '0' })));
});

function textbook(result: MochaRun): void {
  expect(result.failed, result.stdout + result.stderr).to.deep.equal(['finds nothing of it, and fails']);
  expect(result.find('finds nothing of it, and fails').err.message).to.equal('on purpose');
  expect(result.passed).to.have.length(5);
}

async function run(
  file: string,
  LIBRARY: string,
  env: Readonly<Record<string, string>> = {},
  mocha?: MochaVersion,
): Promise<MochaRun> {
  return await runMocha(folder, [file], { mocha, env: { LIBRARY, ...env } });
}
