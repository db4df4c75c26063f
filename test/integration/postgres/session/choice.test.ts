import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

import { expect } from 'chai';

import { loadNative } from '#src/engine/postgres/session/native.js';
import type { ConnectionParameters } from '#src/engine/postgres/session/index.js';

import type { Wish } from './choice.js';
import { startServer } from './server.js';

const PROGRAM = new URL('./choice.js', import.meta.url);
const ONE = [{ one: 1 }];

describe('the driver of a Postgres session', function () {
  this.timeout(30_000);
  let connection: ConnectionParameters;

  before(async () => {
    connection = await startServer();
  });

  it('is pg-native where it is installed', async () => {
    expect(await inProcess({ connection })).to.deep.equal({ driver: 'pg-native', rows: ONE });
  });

  it('is the built-in one where that is asked for', async () => {
    expect(await inProcess({ connection, driver: 'builtin' })).to.deep.equal({ driver: 'builtin', rows: ONE });
  });

  for (const [title, fixture, ...words] of [
    ['is not installed', 'without-pg-native.cjs', 'pg-native is not installed', 'npm install --save-dev pg-native'],
    ['cannot be loaded', 'without-libpq.cjs', 'cannot be loaded: Error: libpq.so.5', 'npm rebuild libpq'],
  ] as const) {
    it(`is the built-in one where pg-native ${title}`, async () => {
      expect(await inProcess({ connection }, fixture)).to.deep.equal({ driver: 'builtin', rows: ONE });
    });

    it(`says what to do where pg-native is asked for and ${title}`, async () => {
      const { error } = await inProcess({ connection, driver: 'pg-native' }, fixture);

      expect(error).to.match(/^EngineMissingError: /);
      for (const word of words) expect(error).to.contain(word);
    });
  }

  it('is the built-in one in a worker thread', async () => {
    expect(await inWorker({ connection })).to.deep.equal({ driver: 'builtin', rows: ONE });
  });

  it('cannot be pg-native in a worker thread while the main thread has it', async () => {
    loadNative(process.cwd());

    const { error } = await inWorker({ connection, driver: 'pg-native' });
    expect(error).to.match(/^EngineMissingError: /);
    expect(error).to.contain('In worker threads only the built-in driver works');
  });
});

interface Answer {
  readonly driver?: string;
  readonly rows?: unknown;
  readonly error?: string;
}

async function inProcess(wish: Wish, fixture?: string): Promise<Answer> {
  // Fixtures are no part of the build.
  const required =
    fixture === undefined ? [] : ['--require', `./test/integration/postgres/session/fixtures/${fixture}`];
  const args = [...required, fileURLToPath(PROGRAM), JSON.stringify(wish)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });

  // Where libpq prints what the server remarks.
  expect(stderr).not.to.contain('a notice').and.not.to.contain('a warning');
  return JSON.parse(stdout) as Answer;
}

async function inWorker(wish: Wish): Promise<Answer> {
  const worker = new Worker(PROGRAM, { workerData: wish });
  const [answer] = (await once(worker, 'message')) as [Answer];
  await worker.terminate();

  return answer;
}
