// Mocha loads it before a test file: gives the whole file one scope of a sandbox, which its driver is led to.
import { blockedHost } from '#src/engine/index.js';
import { sqlite } from '#src/engine/sqlite/index.js';

const engine = await sqlite.load({
  file: process.env.LOCKSTEP_SUITES_FILE,
  // Some files are about both.
  swap: ['better-sqlite3', 'sqlite3'],
  allowAnyDatabase: true,
  stallTimeout: 500,
  holdTimeout: 10_000,
  root: process.cwd(),
});
engine.prepare();
const sandbox = await engine.open(blockedHost);

export const mochaHooks = {
  beforeAll() {
    sandbox.begin({ kind: 'test', title: 'the file' });
  },
  afterAll() {
    if (sandbox.activity === 0) process.stderr.write('nothing came to the sandbox\n');
    sandbox.end();
  },
};
