import { expect } from 'chai';
import { fixture, MOCHAS, runMocha, type MochaRun } from '../run-mocha.js';

const folder = fixture('hooks');

describe('hooks', function () {
  this.timeout(60_000);

  for (const mocha of MOCHAS) {
    it(`run as without Lockstep, in ${mocha}`, async () => {
      const [ours, alone] = await Promise.all([
        runMocha(folder, ['order.mjs'], { mocha }),
        runMocha(folder, ['order.mjs'], { mocha, args: [] }),
      ]);

      expect(outcomes(ours)).to.deep.equal(outcomes(alone));
      expect(ours.find('shows the log').err.message).to.contain('outer beforeEach of second\nsecond\n');
    });

    it(`an error behind the end of a test is that test's, in ${mocha}`, async () => {
      const [ours, alone] = await Promise.all([
        runMocha(folder, ['late.mjs'], { mocha }),
        runMocha(folder, ['late.mjs'], { mocha, args: [] }),
      ]);

      expect(ours.failed).to.deep.equal(alone.failed);
      expect(ours.failed).to.have.length(1);
    });
  }

  it('end no stack with frames of Lockstep', async () => {
    const { tests } = await runMocha(folder, ['order.mjs', 'late.mjs']);
    const stacks = tests.flatMap(({ err }) => err.stack ?? []);

    expect(stacks).to.have.length(3);
    for (const stack of stacks) expect(stack.split('\n').at(-1)).to.match(/(order|late)\.mjs:\d+:\d+\)?$/);
  });
});

function outcomes({ tests }: MochaRun): { title: string; message: string | undefined }[] {
  return tests.map(({ fullTitle, err }) => ({ title: fullTitle, message: err.message }));
}
