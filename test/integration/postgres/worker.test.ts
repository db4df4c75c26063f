import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import type pg from 'pg';
import { SandboxLostError } from '#src/errors.js';
import { Word } from '#src/engine/postgres/shared.js';
import { connected, inTest, useWorkerSandbox } from './sandbox.js';

const thrown = (work: () => unknown): Error => {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  return expect.fail('it did not throw');
};
const test = { kind: 'test', title: 'a test' } as const;

describe('postgres: a hub in a worker that ends', () => {
  const at = useWorkerSandbox('worker_test', 'CREATE TABLE item (id int PRIMARY KEY)', {
    stallTimeout: 150,
    holdTimeout: 700,
  });
  let one: pg.Client;

  beforeEach(async () => {
    one = await connected(at().url);
  });
  afterEach(() => one.end());

  it('tells a session that waits for its worker when that has ended, whatever its heart does', async () => {
    const { sandbox } = at();
    const { link } = sandbox;
    const heart = new Worker(
      `const { workerData } = require('node:worker_threads');
       setInterval(() => Atomics.add(workerData, ${Word.heartbeat}, 1), 20)`,
      { eval: true, workerData: link.words },
    );
    await new Promise((resolve) => heart.once('online', resolve));
    sandbox.begin(test);
    sandbox.session.execute('SELECT 1');
    const dead = link.kill();
    expect(thrown(() => sandbox.session.execute('SELECT pg_sleep(20)'))).to.be.instanceOf(SandboxLostError);
    expect(thrown(() => sandbox.end())).to.be.instanceOf(SandboxLostError);
    await Promise.all([dead, heart.terminate()]);
    await inTest(at(), () => Promise.resolve(sandbox.session.execute('SELECT 1')));
  });

  it('gives the reason of a worker that failed', async () => {
    const { sandbox } = at();
    sandbox.begin(test);
    sandbox.session.execute('SELECT 1');
    sandbox.link.post({ kind: 'pipe', port: undefined } as never);
    const error = thrown(() => sandbox.session.execute('SELECT pg_sleep(20)'));
    expect(error).to.be.instanceOf(SandboxLostError);
    expect(error.message).to.match(/The relay's thread has ended: .*undefined/);
    thrown(() => sandbox.end());
    await inTest(at(), () => Promise.resolve(sandbox.session.execute('SELECT 1')));
  });

  it('fails the test during which the worker ends, and the next one works', async () => {
    const { sandbox } = at();
    sandbox.begin(test);
    await one.query('INSERT INTO item VALUES (1)');
    await sandbox.link.kill();
    expect(thrown(() => sandbox.session.execute('SELECT 1'))).to.be.instanceOf(Error);
    expect(thrown(() => sandbox.end())).to.be.instanceOf(SandboxLostError);
    await inTest(at(), async () => {
      const anew = await connected(at().url);
      expect((await anew.query('SELECT * FROM item')).rowCount).to.equal(0);
      expect(sandbox.session.execute('SELECT 1 AS n').rows).to.deep.equal([{ n: '1' }]);
      await anew.end();
    });
  });

  it('has a log that goes on, without what the worker had', async () => {
    const { sandbox, url } = at();
    const { log } = sandbox;
    sandbox.begin({ kind: 'test', title: 'loses its worker' });
    await one.query('SELECT 1');
    const count = log.count;
    await sandbox.link.kill();
    expect(log.since(0)).to.deep.equal({ first: count, events: [] });
    expect(() => sandbox.end()).to.throw(SandboxLostError);

    for (const text of ['SELECT 2', 'SELECT 3']) {
      await inTest(at(), async () => {
        const anew = await connected(url);
        await anew.query(text);
        await anew.end();
      });
    }
    expect(log.count).to.equal(count + 2);
    const { first, events } = log.since(count - 1);
    expect([first, ...events.map(({ sql }) => sql)]).to.deep.equal([count, 'SELECT 2', 'SELECT 3']);
    expect(log.since(count + 1).events.map(({ sql }) => sql)).to.deep.equal(['SELECT 3']);
  });
});
