import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, runMocha } from '../run-mocha.js';

const folder = fixture('identities');

describe('postgres: ids of tests under mocha', function () {
  this.timeout(60_000);

  for (const host of inLongRun(['in-thread'], ['worker'])) {
    it(`a restart that the suite sends in afterEach is kept, by every library (${host})`, async () => {
      const run = await runMocha(folder, ['clean-ups.cjs'], { env: { HOST: host } });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(33);
    });
  }

  for (const rule of ['keep', 'restart']) {
    const parallel = [['--parallel', '--jobs', '1']];
    for (const args of inLongRun([[], ...(rule === 'restart' ? parallel : [])], rule === 'restart' ? [] : parallel)) {
      it(`identities: '${rule}', and suites with rules of their own ${args.join(' ')}`, async () => {
        const run = await runMocha(folder, ['rules.mjs', 'more-rules.mjs'], {
          args: ['--require', 'lockstep/mocha', ...args],
          env: { RULE: rule },
        });

        expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
        expect(run.passed).to.have.length(12);
      });
    }
  }
});
