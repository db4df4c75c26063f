import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fixture, runMocha } from '../run-mocha.js';

const folder = fixture('wrong-swap');
const WARNED = /LOCKSTEP_OTHER_DATABASE.*The app never opened ":memory:", the config's database\.file, but it /s;

describe('a driver that database.swap does not name', function () {
  this.timeout(30_000);

  /** Temporary files of a run, and a file of the app's own. */
  let temporary: string;
  let own: string;

  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'lockstep-swap-'));
    own = join(temporary, 'own.sqlite3');
  });
  afterEach(() => rmSync(temporary, { recursive: true }));

  const run = async (file: string, env: Readonly<Record<string, string>>): ReturnType<typeof runMocha> =>
    await runMocha(folder, [file], { env: { TMPDIR: temporary, TEMP: temporary, OWN_FILE: own, ...env } });

  it('is named at the end of the run', async () => {
    const { passed, stdout, stderr } = await run('service.mjs', {});

    expect(passed, stdout + stderr).to.deep.equal(['writes for real']);
    expect(stderr).to.match(/LOCKSTEP_OTHER_DATABASE.*loaded the real sqlite3: .*Set database\.swap: \['sqlite3'\]/s);
  });

  for (const SWAP of ['', 'sqlite3']) {
    it(`is named where Lockstep itself runs on it: ${SWAP || 'no swap'}`, async () => {
      const { passed, stdout, stderr } = await run('same.mjs', { SWAP, VARIABLE: 'APP_FILE' });

      expect(passed, stdout + stderr).to.have.length(2);
      expect(stderr).to.match(WARNED);
      expect(stderr).to.match(
        /opened ".*test\.sqlite3" with the real better-sqlite3: .*Set database\.swap: \['better-sqlite3'\]/s,
      );
      expect(readdirSync(temporary)).to.deep.equal([]);
    });
  }

  it('is named by the file that it has opened, which stays', async () => {
    const { stderr } = await run('same.mjs', { SWAP: '', VARIABLE: 'OTHER_FILE' });

    expect(stderr).to.match(WARNED).and.include(`opened "${own}" with the real better-sqlite3`);
    expect(existsSync(own)).to.equal(true);
  });

  it('is told by what has come to be at the path that stands for :memory:', async () => {
    const { stderr } = await run('foreign.mjs', { SWAP: '', VARIABLE: 'APP_FILE' });

    expect(stderr).to.match(WARNED);
    expect(stderr).to.match(/opened ".*test\.sqlite3", which stands for it, with a driver that is not swapped/);
    expect(readdirSync(temporary)).to.deep.equal([]);
  });

  it('is not spoken of where it is swapped', async () => {
    const { passed, stdout, stderr } = await run('same.mjs', { VARIABLE: 'APP_FILE' });

    expect(passed, stdout + stderr).to.have.length(2);
    expect(stderr).to.equal('');
  });

  it('is not spoken of where nobody opens anything', async () => {
    const { passed, stdout, stderr } = await run('nothing.mjs', { SWAP: '', VARIABLE: 'APP_FILE' });

    expect(passed, stdout + stderr).to.have.length(1);
    expect(stderr).to.equal('');
  });
});
