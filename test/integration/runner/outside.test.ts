import { expect } from 'chai';
import { fixture, type MochaRun, type MochaVersion, runMocha } from '../run-mocha.js';

const folder = fixture('outside');

describe('a describe outside of the sandbox', function () {
  this.timeout(60_000);

  for (const host of ['in-thread', 'worker'])
    it(`has transactions side by side: ${host}`, async () => all(await run({ SANDBOX_HOST: host })));
  it('with pg-native', async () => all(await run({ DRIVER: 'pg-native' })));
  for (const mocha of ['mocha10', 'mocha11'] as const) it(`with ${mocha}`, async () => all(await run({}, mocha)));
  it('where nothing is patched', async () => all(await run({ LOCKSTEP_AUTO: '0' })));
});

function all({ failed, passed, stdout, stderr }: MochaRun): void {
  expect(failed, stdout + stderr).to.deep.equal([]);
  expect(passed).to.have.length(19);
}

async function run(env: Readonly<Record<string, string>>, mocha?: MochaVersion): Promise<MochaRun> {
  return await runMocha(folder, ['queue.mjs'], { mocha, env });
}
