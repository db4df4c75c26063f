import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';

import { expect } from 'chai';

import type { Upstream } from '#src/engine/postgres/server/index.js';

import { runMocha } from '../../run-mocha.js';
import { gone, keeperOf, postmasterOf, root, runOf, Temporary } from './temporary.js';

const SERVER = JSON.stringify(import.meta.resolve('#src/engine/postgres/server/index.js'));
const PROCESS = JSON.stringify(import.meta.resolve('#src/runner/mocha/process.js'));

describe('the embedded server of a run', function () {
  this.timeout(60_000);
  let temporary: Temporary;

  before(() => (temporary = new Temporary()));
  after(() => temporary.remove());

  it('is one for all workers of mocha --parallel, and ends with them', async () => {
    const folder = join(root, '.build', `parallel-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    const names = ['a', 'b', 'c'];
    for (const name of names) {
      const test = `
        import { writeFileSync } from 'node:fs';
        import { openServer } from ${SERVER};
        import { run } from ${PROCESS};
        it('${name}', async function () {
          this.timeout(30_000);
          const { upstream } = await openServer({ root: ${JSON.stringify(root)}, run: run.id });
          writeFileSync(${JSON.stringify(join(folder, name))}, JSON.stringify(upstream));
          // As long as the others may need to come.
          await new Promise((resolve) => setTimeout(resolve, 3_000));
        });`;
      writeFileSync(join(folder, `${name}.test.mjs`), test);
    }

    try {
      const args = ['--parallel', '--jobs', '3'];
      const run = await runMocha(
        folder,
        names.map((name) => `${name}.test.mjs`),
        { args },
      );
      expect(run.failed).to.deep.equal([]);

      const upstreams = names.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Upstream);
      expect(new Set(upstreams.map(({ host }) => host))).to.have.property('size', 1);
      expect(new Set(upstreams.map(({ database }) => database))).to.have.property('size', 3);
      const shared = runOf(upstreams[0]?.host ?? '');
      await gone(shared, [keeperOf(shared)]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  for (const ending of ['is terminated', 'ends by itself'] as const) {
    it(`opened in a thread ends when the thread ${ending}`, async () => {
      const script = `
        import { parentPort } from 'node:worker_threads';
        import { openServer } from ${SERVER};
        const server = await openServer({ root: ${JSON.stringify(root)} });
        parentPort.postMessage(server.upstream);
        ${ending === 'is terminated' ? 'setInterval(() => undefined, 1_000);' : ''}`;
      const thread = new Thread(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
      const [upstream] = (await once(thread, 'message')) as [Upstream];
      const run = runOf(upstream.host);
      // A thread that ends at once may take the server with it before we look.
      const processes = ending === 'is terminated' ? [keeperOf(run), postmasterOf(run)] : [keeperOf(run)];

      if (ending === 'is terminated') await thread.terminate();
      await gone(run, processes);
    });
  }
});
