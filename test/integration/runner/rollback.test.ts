import { expect } from 'chai';
import { inLongRun } from '../long-run.js';
import { fixture, type MochaRun, type MochaVersion, runMocha } from '../run-mocha.js';

const folder = fixture('rollback');
const DATABASES = inLongRun<Readonly<Record<string, string>>>(
  [{ ENGINE: 'sqlite' }, { ENGINE: 'postgres', SANDBOX_HOST: 'in-thread' }],
  [{ ENGINE: 'postgres', SANDBOX_HOST: 'worker' }],
);

describe('what is rolled back as one', function () {
  this.timeout(60_000);

  for (const database of DATABASES) {
    const named = Object.values(database).join(', ');

    it(`is an outermost describe where the config says so: ${named}`, async () => {
      together(await run({ ...database, ROLLBACK: 'suite' }));
    });

    it(`is the describe that says so: ${named}`, async () => together(await run({ ...database, MARKED: '1' })));

    it(`is each test otherwise: ${named}`, async () => {
      const { failed, stdout } = await run(database);
      expect(failed, stdout).to.include.members([
        'steps second finds it',
        'steps inside third finds all of it',
        'steps is innocent',
      ]);
    });
  }

  for (const database of DATABASES)
    it(`failures tell of rows that went with an earlier test: ${Object.values(database).join(', ')}`, async () => {
      const { tests, stdout } = await runMocha(folder, ['gone.mjs'], { env: database });
      const told = tests.filter(({ err }) => err.stack?.includes("rollback(this, 'suite')"));
      expect(
        told.map(({ title }) => title),
        stdout,
      ).to.deep.equal(['is found', 'is found by the session', 'is renamed']);
      for (const { err } of told)
        expect(err.stack).to.contain('Nothing was found in "items": what "an account is registered" had written there');
    });

  for (const mocha of inLongRun<MochaVersion>(['mocha10'], ['mocha11']))
    it(`with ${mocha}`, async () => together(await run({ ENGINE: 'sqlite', ROLLBACK: 'suite' }, mocha)));
  it('where nothing is patched', async () => {
    const { failed, stdout } = await run({ ENGINE: 'sqlite', ROLLBACK: 'suite', LOCKSTEP_AUTO: '0' });
    expect(failed, stdout).to.deep.equal(['steps fails and leaves a transaction open']);
  });
});

function together({ failed, passed, stdout, stderr }: MochaRun): void {
  expect(failed, stdout + stderr).to.deep.equal(['steps fails and leaves a transaction open']);
  expect(passed).to.have.length(9);
}

async function run(env: Readonly<Record<string, string>>, mocha?: MochaVersion): Promise<MochaRun> {
  return await runMocha(folder, ['steps.mjs'], { mocha, env });
}
