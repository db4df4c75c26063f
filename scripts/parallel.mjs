// npm run parallel [-- times [files [jobs]]]: mocha --parallel over so many small files on one embedded server, so
// many times (20 × 40 files by 8 workers). Needs the built package (npm run build).
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { root } from './steps.mjs';

const [times = 20, files = 40, jobs = 8] = process.argv.slice(2).map(Number);
const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');
const TESTS_OF_A_FILE = 5;

mkdirSync(join(root, '.build'), { recursive: true });
const folder = mkdtempSync(join(root, '.build', 'parallel-'));
try {
  for (const file of ['app.mjs', 'lockstep.config.mjs', 'schema.sql'])
    cpSync(join(root, 'test/fixtures/postgres-run', file), join(folder, file));
  for (let number = 0; number < files; number += 1)
    writeFileSync(join(folder, `file-${number}.test.mjs`), testFile(number));
  for (let time = 1; time <= times; time += 1) if (!passes(time)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

/** Each test writes by the app and by the session, and must find nothing of the others. */
function testFile(number) {
  return `import { strict as assert } from 'node:assert';
import { client, session } from 'lockstep';

describe('file ${number}', () => {
  before(() => session.insert('notes', { title: 'of ${number}' }));

  for (let test = 0; test < ${TESTS_OF_A_FILE}; test += 1) {
    it('test ' + test, () => {
      const before = session.count('notes');
      assert.equal(client.get('/create').status, 200);
      session.insert('notes', { title: 'three' });
      assert.equal(session.count('notes'), before + 3);
      const titles = client.get('/').body.map(({ title }) => title);
      assert.equal(titles.length, before + 3);
      assert.deepEqual(titles.filter((title) => title.startsWith('of ')), ['of ${number}']);
    });
  }
});
`;
}

function passes(time) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [mocha, '--no-config', '--parallel', '--jobs', String(jobs), '--require', 'lockstep/mocha', '*.test.mjs'],
    { cwd: folder, encoding: 'utf8', timeout: 300_000 },
  );
  const passed = Number(/(\d+) passing/.exec(stdout)?.[1] ?? 0);
  const good = status === 0 && passed === files * TESTS_OF_A_FILE;
  console.log(
    `run ${time}: ${passed} passed${good ? '' : `, code ${status}\n${stdout.slice(-4000)}${stderr.slice(-2000)}`}`,
  );
  return good;
}
