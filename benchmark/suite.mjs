// The Express example's 39 tests on SQLite, beside the same tests written async with supertest and DELETE
// per test, on a database file and in memory: the duration that mocha itself reports.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTurns, report } from './measure.mjs';
import { mochaRun } from './mocha-run.mjs';

const ROUNDS = 7;

export default async function suites() {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const twin = (file) => mochaRun('suite-async/sqlite-delete', { env: { DATABASE_FILE: file } });

  try {
    const [ours, onFile, inMemory] = await inTurns(
      [mochaRun('../examples/providers-express'), twin(join(folder, 'twin.sqlite3')), twin(':memory:')],
      ROUNDS,
    );
    report('the example suite, 39 tests', ours, onFile, 'async, supertest, DELETE, on a file', 'ms', '≤ 0.7x');
    report('the example suite, 39 tests', ours, inMemory, 'async, supertest, DELETE, in memory', 'ms', '≤ 0.7x');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
