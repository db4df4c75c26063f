import { expect } from 'chai';
import { fixture, type MochaRun, type MochaVersion, runMocha } from '../run-mocha.js';

const folder = fixture('outside');
const ENGINES: readonly Readonly<Record<string, string>>[] = [
  { SANDBOX_HOST: 'in-thread' },
  { SANDBOX_HOST: 'worker' },
  { ENGINE: 'sqlite', FILE: './outside.test.sqlite3' },
  { ENGINE: 'sqlite', FILE: ':memory:' },
];

describe('a describe outside of the sandbox', function () {
  this.timeout(60_000);

  for (const host of ['in-thread', 'worker'])
    it(`has transactions side by side: ${host}`, async () => sideBySide(await queue({ SANDBOX_HOST: host })));
  it('with pg-native', async () => sideBySide(await queue({ DRIVER: 'pg-native' })));
  for (const mocha of ['mocha10', 'mocha11'] as const)
    it(`with ${mocha}`, async () => sideBySide(await queue({}, mocha)));
  it('where nothing is patched', async () => sideBySide(await queue({ LOCKSTEP_AUTO: '0' })));

  for (const engine of ENGINES) {
    it(`commits, and what a test leaves open is its own: ${Object.values(engine).join(' ')}`, async () => {
      const run = await runMocha(folder, ['commits.mjs'], { env: engine });
      expect(run.failed, run.stdout + run.stderr).to.deep.equal([
        'around real commits leaks',
        'around real commits fails',
      ]);
      expect(run.find('leaks').err.code).to.equal('LOCKSTEP_LEAK');
      expect(run.passed).to.have.length(6);
    });
  }

  for (const engine of ENGINES.slice(0, 2)) {
    it(`lets hooks clean up behind a test that leaves a transaction open: ${Object.values(engine).join(' ')}`, async () => {
      const run = await runMocha(folder, ['clean-up.mjs'], { env: engine });
      const ways = ['the session', 'the session, behind an await', 'the app'];
      expect(run.failed, run.stdout + run.stderr).to.deep.equal(
        ways.flatMap((way) => [`${way} leaks`, `${way} fails`]),
      );
      for (const { fullTitle, err } of run.tests)
        if (fullTitle.endsWith('leaks') && err.message !== undefined) expect(err.code).to.equal('LOCKSTEP_LEAK');
      expect(run.find('fails').err.message).to.equal('on purpose');
      expect(run.passed.filter((title) => title.includes('innocent'))).to.have.length(6);
    });
  }

  it('in parallel workers, also where an earlier file of one has none', async () => {
    const { failed, passed, stdout, stderr } = await runMocha(folder, ['plain.mjs', 'commits.mjs', 'queue.mjs'], {
      args: ['--require', 'lockstep/mocha', '--parallel', '--jobs', '2'],
    });
    expect(failed, stdout + stderr).to.deep.equal(['around real commits leaks', 'around real commits fails']);
    expect(passed).to.have.length(26);
  });
});

function sideBySide({ failed, passed, stdout, stderr }: MochaRun): void {
  expect(failed, stdout + stderr).to.deep.equal([]);
  expect(passed).to.have.length(19);
}

async function queue(env: Readonly<Record<string, string>>, mocha?: MochaVersion): Promise<MochaRun> {
  return await runMocha(folder, ['queue.mjs'], { mocha, env });
}
