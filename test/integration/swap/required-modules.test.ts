import { expect } from 'chai';
import { fixture, runMocha } from '../run-mocha.js';

describe('a driver that ES modules import which mocha requires', function () {
  this.timeout(30_000);

  // Node's hooks for ES modules are not asked by require() before Node 22.15.
  for (const mocha of ['mocha', 'mocha10', 'mocha11'] as const) {
    it(`is the drop-in: ${mocha}`, async () => {
      const run = await runMocha(fixture('required-modules'), ['tests.js'], { mocha });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.deep.equal(['better-sqlite3 is the drop-in', 'sqlite3 is the drop-in']);
      expect(run.stderr).to.equal('');
    });
  }
});
