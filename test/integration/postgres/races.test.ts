import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const root = dirname(createRequire(import.meta.url).resolve('lockstep/package.json'));
const run = promisify(execFile);

// 3,000 rounds are `npm run races`.
describe('postgres: what tests, their ends and their apps once raced for', function () {
  this.timeout(120_000);

  it('is lost by nobody, on either host', async () => {
    const { stdout } = await run(process.execPath, [join(root, 'scripts/races.mjs'), '12'], {
      cwd: root,
      timeout: 110_000,
    });

    expect(stdout.match(/ lost 0 of [1-9]\d*$/gm), stdout).to.have.length(16);
  });
});
