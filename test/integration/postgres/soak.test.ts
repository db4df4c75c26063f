import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { inLongRun } from '../long-run.js';

const root = dirname(createRequire(import.meta.url).resolve('lockstep/package.json'));
const run = promisify(execFile);

// 5,000 tests are `npm run heap -- --postgres`, with and without `--worker`.
describe('postgres: many tests', function () {
  this.timeout(120_000);

  for (const host of inLongRun(['in-thread'], ['worker'])) {
    it(`leave neither memory nor connections behind: ${host}`, async () => {
      const { stdout } = await run(
        process.execPath,
        [join(root, 'scripts/heap.mjs'), '--postgres', ...(host === 'worker' ? ['--worker'] : []), '240'],
        { cwd: root, timeout: 110_000 },
      );

      expect(stdout).to.match(/^main heap +[01]\.\d\dx/m);
      if (host === 'worker') expect(stdout).to.match(/^relay heap +[01]\.\d\dx/m);
      expect(stdout).to.match(/^connections left +0 /m);
    });
  }
});
