import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

/** The swap is about a whole process: which module is loaded first, and by whom. Each test has one of its own. */
function run(fixture: string, flags: readonly string[] = []): unknown {
  const output = execFileSync(process.execPath, [...flags, pathOf(fixture)], { encoding: 'utf8' });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '');
}

function pathOf(fixture: string): string {
  return fileURLToPath(new URL(`../../../../test/integration/swap/fixtures/${fixture}`, import.meta.url));
}

describe('swap', () => {
  it('is refused when the app has loaded the driver before, naming the way out', () => {
    const { stderr } = spawnSync(process.execPath, [pathOf('too-late.mjs')], { encoding: 'utf8' });
    expect(stderr).to.contain('SwapError: sqlite3 cannot be replaced').and.to.contain('lockstep/mocha the first entry');
  });

  it('is needed by whoever uses the drop-in without Lockstep', () => {
    const { stderr } = spawnSync(process.execPath, [pathOf('not-running.mjs')], { encoding: 'utf8' });
    expect(stderr).to.contain('SwapError: lockstep/drivers/sqlite3 was asked to open').and.to.contain('not running');
  });

  for (const flags of [[], ['--import', 'tsx']]) {
    it(`reaches import and require, and takes itself away: node ${flags.join(' ')}`, () => {
      expect(run('swap.mjs', flags)).to.deep.equal({
        imported: { sqlite3: true, named: true, 'better-sqlite3': true },
        required: { sqlite3: true, 'better-sqlite3': true },
        environment: ['lockstep.test.sqlite3', 'former'],
        otherFile: 'the real driver',
        afterwards: { sqlite3: false, 'better-sqlite3': false },
        requiredAfterwards: { sqlite3: false, 'better-sqlite3': false },
        again: true,
      });
    }).timeout(20_000);
  }

  it('serves an app that works with Knex, and rolls it back', () => {
    expect(run('knex.mjs')).to.deep.equal({
      sqlite3: { inserted: [1], rows: [{ id: 1, a: 'x' }], failed: 'rolled back', count: 1, session: 1, next: 0 },
      'better-sqlite3': {
        inserted: [1],
        rows: [{ id: 1, a: 'x' }],
        failed: 'rolled back',
        count: 1,
        session: 1,
        next: 0,
      },
    });
  }).timeout(20_000);
});
