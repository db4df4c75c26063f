import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, runMocha } from '../run-mocha.js';

const folder = fixture('postgres-children');

/** Each child is a Node of its own, and there are several in a test. */
const args = ['--require', 'lockstep/mocha', '--timeout', '30000'];

/** Some 25 of them take 5 seconds of a processor: a minute on a busy machine, which is no hang. */
const limit = 100_000;

describe('children that block the test, on Postgres', function () {
  // The first run makes the cluster, which later ones copy.
  this.timeout(120_000);

  const late = 'behind an await fails by name';

  it('use the sandbox of its thread, from schema, seed, hooks and tests, and are rolled back with it', async () => {
    const run = await runMocha(folder, ['children.mjs'], { args, limit });

    expect(run.failed, run.stdout + run.stderr).to.deep.equal([late]);
    expect(run.passed).to.have.length(6);
    const { message, code } = run.find(late).err;
    expect(code).to.equal('LOCKSTEP_BLOCKED_THREAD');
    expect(message).to.match(/^execFileSync\(".*"\) was ended after \d+ ms: its child was still running\./);
  });

  for (const HOST of inLongRun([], ['worker'])) {
    it('use the sandbox of a worker, behind an await too', async () => {
      const run = await runMocha(folder, ['children.mjs'], { args, limit, env: { HOST } });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(7);
    });
  }

  it('have a timeout of their own behind an await of seed, which fails the run with the error of Node', async () => {
    const run = await runMocha(folder, ['children.mjs'], { args, limit, env: { LATE: '300' } });

    expect(run.passed, run.stdout + run.stderr).to.deep.equal([]);
    expect(run.find('"before all" hook: beforeAll in "{root}"').err.code).to.equal('ETIMEDOUT');
  });

  const alone = 'behind an await they meet where another thread serves them';

  it('let a child and a thread of the app use the sandbox of its thread meanwhile', async () => {
    const run = await runMocha(folder, ['threads.mjs'], { args, limit });

    expect(run.failed, run.stdout + run.stderr).to.deep.equal([alone]);
    expect(run.passed).to.have.length(7);
    // Not with the timeout of mocha's, which comes first while the test awaits its thread's end.
    expect(run.find(alone).err.code).to.equal('LOCKSTEP_BLOCKED_THREAD');
  });

  for (const HOST of inLongRun([], ['worker'])) {
    it('let both use the sandbox of a worker meanwhile, behind an await too', async () => {
      const run = await runMocha(folder, ['threads.mjs'], { args, limit, env: { HOST } });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(8);
    });
  }
});
