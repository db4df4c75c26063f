import { expect } from 'chai';
import { fixture, runMocha } from '../run-mocha.js';

describe('the end of a run', function () {
  this.timeout(30_000);

  it('gives the app time to stop, whatever the last test and mocha have left for it', async () => {
    const run = await runMocha(fixture('slow-stop'), ['last.mjs']);

    expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
    expect(run.passed).to.deep.equal(['leaves little of its own time']);
    expect([run.code, run.stderr]).to.deep.equal([0, '']);
  });
});
