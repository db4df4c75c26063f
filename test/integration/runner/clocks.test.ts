import { expect } from 'chai';
import { fixture, MOCHAS, type MochaRun, runMocha } from '../run-mocha.js';

const folder = fixture('clocks');
const CLOCKS = ['sinon', 'sinon, two functions', '@sinonjs/fake-timers', 'mock.timers'];

/** What each clock has replaced of the functions that defer work. */
const FAKED: Readonly<Record<string, string>> = {
  sinon: 'setTimeout, setInterval',
  'sinon, two functions': 'setTimeout is not',
  '@sinonjs/fake-timers': 'setTimeout, setInterval',
  'mock.timers': 'setTimeout, setInterval and setImmediate are not',
};

describe('fake clocks', function () {
  this.timeout(120_000);

  for (const [mocha, ...parallel] of [
    ...MOCHAS.map((version) => [version] as const),
    ['mocha', '--parallel'] as const,
  ]) {
    it(`stop nothing, and move no deadline: ${[mocha, ...parallel].join(' ')}`, async () => {
      const args = ['--require', 'lockstep/mocha', ...parallel];
      const run = await runMocha(folder, ['moved.mjs'], { args, mocha, limit: 100_000 });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(CLOCKS.length * 6);
    });
  }

  describe('are named by what they keep from ending', () => {
    let run: MochaRun;
    before(async () => (run = await runMocha(folder, ['vain.mjs'], { limit: 100_000 })));

    for (const clock of CLOCKS) {
      for (const [title, code] of [
        ['app sleeps', /^LOCKSTEP_(DEADLOCK|SYNC_TIMEOUT)$/],
        ['app sleeps and is awaited', /^LOCKSTEP_SYNC_TIMEOUT$/],
        ['test sleeps', /^ERR_MOCHA_TIMEOUT$/],
        ['app holds a transaction', /^LOCKSTEP_STALL$/],
        ['app leaves a transaction', /^LOCKSTEP_LEAK$/],
      ] as const) {
        it(`${clock}: ${title}`, () => {
          const { err } = run.find(`${clock} ${title}`);
          expect(err.code, err.stack).to.match(code);
          expect(err.stack).to.include(`The clock is fake: ${FAKED[clock]}`);
          expect(err.stack?.split('The clock is fake'), 'once').to.have.length(2);
          expect(err.stack).to.match(/toFake: \['Date'\]/);
        });
      }
    }

    it('sinon: immediates of a driver', () => {
      const { err } = run.find('immediates of a driver');
      expect(err.message).to.match(/The clock is fake: setTimeout, setInterval and setImmediate are not Node's own/);
    });

    it('and by nothing while time is real', () => {
      for (const title of ['is not spoken of', 'is not spoken of where somebody traces it']) {
        const { err } = run.find(title);
        expect(err.code).to.equal('LOCKSTEP_SYNC_TIMEOUT');
        expect(err.stack).not.to.match(/clock is fake/);
      }
    });
  });
});
