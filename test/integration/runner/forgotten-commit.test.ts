import { expect } from 'chai';
import { fixture, runMocha } from '../run-mocha.js';

describe('a forgotten commit with Knex', function () {
  this.timeout(90_000);

  for (const [DATABASE, connection] of [
    ['postgres', 'postgres connection'],
    ['sqlite', 'sqlite3 connection'],
  ] as const) {
    it(`is named by the later tests that wait for the pool in vain: ${DATABASE}`, async () => {
      const run = await runMocha(fixture('forgotten-commit'), ['forgotten.mjs'], { env: { DATABASE }, limit: 60_000 });

      const guilty = 'an app forgets to commit';
      expect(run.failed, run.stdout + run.stderr).to.deep.equal([
        guilty,
        'an app works later',
        'an app works once more',
      ]);
      expect(run.find(guilty).err.code).to.equal('LOCKSTEP_LEAK');
      for (const title of run.failed.slice(1)) {
        const { code, message } = run.find(title).err;
        expect(code).to.equal('LOCKSTEP_SYNC_TIMEOUT');
        expect(message).to.match(
          new RegExp(`- ${connection} \\d+ still believes in the transaction that "${guilty}" left open`),
        );
        expect(message).to.match(new RegExp(`\\n {2}Mend "${guilty}" first: .*pool still counts ${connection} \\d+`));
      }
    });
  }
});
