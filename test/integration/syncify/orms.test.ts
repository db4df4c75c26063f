import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, runMocha, type MochaRun } from '../run-mocha.js';

/** Each holds an ORM on the swapped drivers: what it wrote is seen by the session, and gone after the test. */
const SUITES = inLongRun<readonly [file: string, tests: number]>(
  [
    ['knex.mjs', 26],
    ['typeorm.mjs', 13],
  ],
  [
    ['kysely.mjs', 11],
    ['drizzle.mjs', 9],
    ['sequelize.mjs', 8],
    ['mikro-orm.mjs', 9],
  ],
);

describe('syncify', function () {
  this.timeout(60_000);

  for (const [file, count] of SUITES) {
    it(`works with the real package: ${file}`, async () => {
      const run: MochaRun = await runMocha(fixture('syncify'), [file]);

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(count);
      expect(run.code).to.equal(0);
    });
  }
});
