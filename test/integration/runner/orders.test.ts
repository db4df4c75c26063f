import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { inLongRun } from '../long-run.js';

const root = dirname(createRequire(import.meta.url).resolve('lockstep/package.json'));

describe('the order of files', function () {
  this.timeout(600_000);

  it('makes no difference, in series and in workers (npm run orders)', () => {
    // Seeds, the first of them, and parts of suites' names.
    const args = inLongRun([['1', '1', 'providers-express']], [['20']]).at(-1) ?? [];
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, 'scripts/orders.mjs'), ...args], {
      encoding: 'utf8',
      timeout: 590_000,
    });
    expect(status, stdout + stderr).to.equal(0);
    expect(stdout).to.match(/providers-express: 10 files, 39 tests/);
  });
});
