import { AsyncLocalStorage } from 'node:async_hooks';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import pg from 'pg';
import { serialize } from 'pg-protocol';
import { HOLDS_TURN } from '#src/sandbox/holding.js';
import { socketIn } from './raw.js';
import { connected, inTest, useSandbox } from './sandbox.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What another thread or process does: inserts a row and prints how many it sees. */
const ELSEWHERE = `
  const pg = require('pg');
  (async () => {
    const client = new pg.Client(process.env.SANDBOX_URL);
    await client.connect();
    await client.query('INSERT INTO item VALUES (2)');
    const { rows } = await client.query('SELECT count(*)::int AS n FROM item');
    await client.end();
    console.log(rows[0].n);
  })();
`;

describe('postgres: a hub in the thread of the tests', () => {
  const at = useSandbox('in_thread_test', 'CREATE TABLE item (id int PRIMARY KEY, note text)', { host: 'in-thread' });
  const path = (): string => socketIn(new URL(at().url).searchParams.get('host') ?? '');
  const ids = (): unknown[] =>
    at()
      .sandbox.session.execute('SELECT id FROM item ORDER BY id')
      .rows.map(({ id }) => id);

  it('knows of a connection that is being opened, and when it is open', async () => {
    await inTest(at(), async () => {
      const client = new pg.Client(at().url);
      const opened = client.connect();
      expect(
        at()
          .sandbox.leftovers()
          .map(({ kind }) => kind),
      ).to.deep.equal(['opening']);
      await opened;
      await turn();
      expect(at().sandbox.leftovers()).to.deep.equal([]);
      await client.end();
    });
  });

  it('knows of a statement of which only a part has come', async () => {
    const socket = connect(path());
    socket.resume();
    await once(socket, 'connect');
    socket.write(serialize.startup({ user: 'lockstep', database: 'in_thread_test' }));
    await turn();
    await inTest(at(), async () => {
      const statement = serialize.query('INSERT INTO item VALUES (1)');
      socket.write(statement.subarray(0, 20));
      expect(at().sandbox.leftovers()).to.have.length(1);
      socket.write(statement.subarray(20));
      expect(ids()).to.deep.equal(['1']);
      await turn();
      expect(at().sandbox.leftovers()).to.deep.equal([]);
    });
    socket.destroy();
  });

  it('has what the app has sent before the session asks, without a turn of the loop in between', async () => {
    const client = await connected(at().url);
    for (let round = 0; round < 50; round += 1) {
      await inTest(at(), async () => {
        const sent = client.query('INSERT INTO item VALUES (1)');
        expect(ids()).to.deep.equal(['1']);
        await sent;
      });
    }
    await inTest(at(), () => Promise.resolve(expect(ids()).to.deep.equal([])));
    await client.end();
  });

  it('gives the app its answers in the async context in which it has connected, and later than it has written', async () => {
    const context = new AsyncLocalStorage<string>();
    const socket = context.run('of the connection', (): Socket => connect(path()));
    const order: string[] = [];
    socket.on('data', () => order.push(`answered ${context.getStore()}`));
    await once(socket, 'connect');
    context.run('of somebody else', () => {
      socket.write(serialize.startup({ user: 'lockstep', database: 'in_thread_test' }));
      order.push('written');
    });
    await turn();
    expect(order).to.deep.equal(['written', 'answered of the connection']);
    socket.destroy();
  });

  it('throws an error of the app at the app, and goes on', async () => {
    const client = await connected(at().url);
    const listeners = process.listeners('uncaughtException');
    const caught: unknown[] = [];
    const take = (error: unknown): void => void caught.push(error);
    process.removeAllListeners('uncaughtException').on('uncaughtException', take);
    const { connection } = client as unknown as { connection: { stream: Socket } };
    connection.stream.once('data', () => {
      throw new Error('of the app');
    });
    await inTest(at(), () => client.query('SELECT 1'));
    process.off('uncaughtException', take);
    for (const listener of listeners) process.on('uncaughtException', listener);
    expect(caught).to.have.length(1);
    await inTest(at(), async () => expect((await client.query('SELECT 2 AS n')).rows).to.deep.equal([{ n: 2 }]));
    await client.end();
  });

  it('takes and gives values of many megabytes, also by the session', async () => {
    const client = await connected(at().url);
    const note = 'x'.repeat(8_000_000);
    await inTest(at(), async () => {
      await client.query('INSERT INTO item VALUES (1, $1)', [note]);
      at().sandbox.session.execute('INSERT INTO item VALUES (2, $1)', [note]);
      const { rows } = await client.query<{ note: string }>('SELECT note FROM item');
      expect(rows.map((row) => row.note.length)).to.deep.equal([note.length, note.length]);
      expect(at().sandbox.session.execute('SELECT note FROM item').rows).to.have.length(2);
    });
    await client.end();
  });

  it('lets a client that does not read wait, and nobody else', async () => {
    const slow = await connected(at().url);
    const { connection } = slow as unknown as { connection: { stream: Socket } };
    await inTest(at(), async () => {
      connection.stream.pause();
      const many = slow.query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)");
      await turn();
      connection.stream.resume();
      expect((await many).rowCount).to.equal(20_000);
      expect(ids()).to.deep.equal([]);
    });
    await slow.end();
  });

  it("a session's transaction that holds the turn makes the app wait, one that has only begun does not", async () => {
    const client = await connected(at().url);
    const { session } = at().sandbox;
    await inTest(at(), async () => {
      session.execute('BEGIN');
      await client.query('INSERT INTO item VALUES (1)');
      session.execute('ROLLBACK');
      expect(ids()).to.deep.equal(['1']);

      session.execute(`BEGIN${HOLDS_TURN}`);
      const refused = await client.query('INSERT INTO item VALUES (2)').catch((error: Error) => error.message);
      expect(refused).to.match(/LOCKSTEP_STALL/);
      session.execute('ROLLBACK');
      await client.query('INSERT INTO item VALUES (3)');
      expect(ids()).to.deep.equal(['1', '3']);
    });
    await client.end();
  });

  it('serves another process and another thread while the test waits', async function () {
    this.timeout(30_000);
    const env = { ...process.env, SANDBOX_URL: at().url };
    await inTest(at(), async () => {
      at().sandbox.session.execute('INSERT INTO item VALUES (1)');
      const { stdout } = await promisify(execFile)(process.execPath, ['-e', ELSEWHERE], { env });
      expect(stdout.trim()).to.equal('2');
      expect(ids()).to.deep.equal(['1', '2']);
    });
    await inTest(at(), async () => {
      const worker = new Worker(ELSEWHERE, { eval: true, env, stdout: true });
      const [printed] = (await once(worker.stdout, 'data')) as [Buffer];
      expect(String(printed).trim()).to.equal('1');
      await once(worker, 'exit');
      expect(ids()).to.deep.equal(['2']);
    });
    await inTest(at(), () => Promise.resolve(expect(ids()).to.deep.equal([])));
  });
});
