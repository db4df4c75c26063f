import { expect } from 'chai';
import { fixture, runMocha } from '../run-mocha.js';

const folder = fixture('identities');

describe('postgres: ids of tests under mocha', function () {
  this.timeout(60_000);

  for (const host of ['in-thread', 'worker']) {
    it(`a restart that the suite sends in afterEach is kept, by every library (${host})`, async () => {
      const run = await runMocha(folder, ['clean-ups.cjs'], { env: { HOST: host } });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(33);
    });
  }

  for (const rule of ['keep', 'restart']) {
    for (const args of [[], ['--parallel', '--jobs', '1']] as const) {
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
