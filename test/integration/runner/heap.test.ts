import { expect } from 'chai';
import { fixture, runMocha } from '../run-mocha.js';

// 10,000 tests are `npm run heap`.
describe('the heap', function () {
  this.timeout(120_000);

  it('after 1,000 tests with requests and rows is at most 1.3 times that after 100', async () => {
    const run = await runMocha(fixture('notes'), ['many.mjs'], {
      args: ['--expose-gc', '--require', 'lockstep/mocha'],
      env: { TESTS: '1000' },
      limit: 100_000,
    });
    const [, first = NaN, last = NaN] = (/heap (\d+) (\d+)$/m.exec(run.stdout) ?? []).map(Number);

    expect(run.failed, run.stderr).to.deep.equal([]);
    expect(run.passed).to.have.length(1002);
    expect(last / first, `${first} and ${last} bytes`).to.be.below(1.3);
  });
});
