import { expect } from 'chai';
import { fixture, MOCHAS, runMocha, type MochaRun } from '../run-mocha.js';

const folder = fixture('options');

describe('options of the bridge', function () {
  this.timeout(30_000);

  for (const [title, env] of [
    ['bridge.auto: false', { BRIDGE: '{"auto":false}' }],
    ['LOCKSTEP_AUTO=0', { LOCKSTEP_AUTO: '0' }],
  ] as const) {
    for (const mocha of MOCHAS) {
      it(`${title} leaves Node and ${mocha} as they are; rollback, session and client.async work`, async () => {
        const run = await runMocha(folder, ['off.mjs'], { env, mocha });

        expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
        expect(run.passed).to.have.length(11);
        expect(run.code).to.equal(0);
      });
    }
  }

  for (const mocha of MOCHAS) {
    it(`manual(this) leaves one suite of ${mocha} as it is`, async () => {
      const run = await runMocha(folder, ['manual.mjs'], { mocha });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(13);
      expect(run.code).to.equal(0);
    });
  }

  it("bridge.timeout takes the place of the test's own for waits", async () => {
    const run = await runMocha(folder, ['timeout.mjs'], { env: { BRIDGE: '{"timeout":200}' } });
    const { err, duration } = run.find('ends a wait');

    expect(run.failed, run.stdout).to.deep.equal(['bridge.timeout ends a wait']);
    expect(err.code).to.equal('LOCKSTEP_SYNC_TIMEOUT');
    expect(err.message).to.contain('200 ms');
    expect(duration).to.be.at.least(190);
  });

  it('without any pump: platform, Node version and the fix', async () => {
    const run = await runWaits('missing.mjs', { LACKING: 'addon,deasync', LOCKSTEP_PUMP: '' });

    expect(run.passed).to.deep.equal(['without the addon session', 'without the addon client.async']);
    for (const title of ['sync', 'client']) {
      const { err } = run.find(title);

      expect(err.code).to.equal('LOCKSTEP_BRIDGE_MISSING');
      expect(err.message).to.contain(`${process.platform}-${process.arch} with Node ${process.version}`);
      expect(err.message).to.contain('npm rebuild deasync');
      expect(err.message).to.contain('Could not locate #prebuilds/').and.to.contain('Could not locate deasync');
    }
  });

  for (const [title, env, pump] of [
    ['our own, where nothing else is said', {}, "Lockstep's own addon"],
    ['deasync, where our own has no binary', { LACKING: 'addon' }, 'deasync'],
    ['our own, where deasync is not installed', { LACKING: 'deasync' }, "Lockstep's own addon"],
    ['the one that LOCKSTEP_PUMP names', { LOCKSTEP_PUMP: 'deasync' }, 'deasync'],
  ] as const) {
    it(`the pump is ${title}`, async () => {
      const run = await runWaits('waits.mjs', { LOCKSTEP_PUMP: '', LOCKSTEP_DEBUG: '1', ...env });

      expect(run.failed, run.stdout).to.deep.equal([]);
      expect(run.stderr.match(/the pump is .*/g)).to.deep.equal([`the pump is ${pump}`]);
    });
  }

  for (const [title, env, why] of [
    ['that does not load', { LACKING: 'addon', LOCKSTEP_PUMP: 'addon' }, /Could not locate #prebuilds/],
    ['that there is none of', { LOCKSTEP_PUMP: 'steam' }, /LOCKSTEP_PUMP is "steam".*\n.*\n.*"addon" or "deasync"/],
  ] as const) {
    it(`LOCKSTEP_PUMP naming one ${title} is an error`, async () => {
      const run = await runWaits('waits.mjs', env);

      expect(run.find('for a timer').err.code).to.equal('LOCKSTEP_BRIDGE_MISSING');
      expect(run.find('for a timer').err.message).to.match(why);
    });
  }

  function runWaits(file: string, env: Readonly<Record<string, string>>): Promise<MochaRun> {
    return runMocha(folder, [file], { env, args: ['--require', './without.cjs', '--require', 'lockstep/mocha'] });
  }
});
