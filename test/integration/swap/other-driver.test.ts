import { expect } from 'chai';
import { fixture, runMocha } from '../run-mocha.js';

describe('a driver that database.swap does not name', function () {
  this.timeout(30_000);

  it('is named at the end of the run', async () => {
    const run = await runMocha(fixture('wrong-swap'), ['service.mjs']);

    expect(run.passed, run.stdout + run.stderr).to.deep.equal(['writes for real']);
    expect(run.stderr).to.match(
      /LOCKSTEP_OTHER_DATABASE.*loaded the real sqlite3: .*Set database\.swap: \['sqlite3'\]/s,
    );
  });
});
