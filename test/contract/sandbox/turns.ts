import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { underHop } from '../../integration/bridge/under-hop.js';
import type { Case } from './cases.js';
import { inserting, pause, refused } from './scene.js';

/** Who may use the one connection, who waits, and who is not let wait for ever. */
export const turns: readonly Case[] = [
  {
    title: 'the session is refused at once by an idle transaction where nobody could finish that',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      await app.query('BEGIN');
      await app.query(inserting(1));

      const message = await refused('STALL', () => scene.ids);
      expect(message).to.match(/^session cannot run "SELECT id FROM item ORDER BY id": /);
      expect(message).to.match(new RegExp(`: ${bare(scene.subject.connectionName)} has held the database for \\d+ ms`));
      expect(message)
        .to.contain(`after "${inserting(1)}"`)
        .and.to.contain('waiting here would block');
      expect(scene.sandbox.describe().join()).to.contain('has a transaction open').and.to.contain(inserting(1));

      await app.query('COMMIT');
      expect(scene.ids).to.deep.equal([1]);
      expect(scene.sandbox.describe()).to.deep.equal([]);
    },
  },
  {
    title: 'the session waits for a transaction that goes on where it may let the app do so',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      await app.query('BEGIN');
      await app.query(inserting(1));
      const done = pause(20)
        .then(() => app.query(inserting(2)))
        .then(() => app.query('COMMIT'));

      expect(await underHop(() => scene.ids)).to.deep.equal([1, 2]);
      await done;
    },
  },
  {
    title: 'the session is told when waiting did not help',
    timeouts: 'short',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      await app.query('BEGIN');
      await app.query(inserting(1));

      const message = await refused('STALL', () => underHop(() => scene.ids));
      expect(message).to.contain(inserting(1)).and.to.contain('the transaction did not end');
      await app.query('COMMIT');
      expect(scene.ids).to.deep.equal([1]);
    },
  },
  {
    title: "a query of the app's is told when it waits for a transaction that is idle, and both can go on",
    timeouts: 'short',
    async run(scene) {
      const [holder, waiter] = [await scene.connect(), await scene.connect()];
      scene.begin('a test');
      await holder.query('BEGIN');
      await holder.query(inserting(1));

      const message = await refused('STALL', () => waiter.query(inserting(2)));
      const name = bare(scene.subject.connectionName);
      expect(message).to.match(new RegExp(`${name} cannot run "${escaped(inserting(2))}": ${name} has held`));
      expect(message)
        .to.contain(`after "${inserting(1)}"`)
        .and.to.contain("the transaction's own connection");
      await holder.query('COMMIT');
      await waiter.query(inserting(3));
      expect(scene.ids).to.deep.equal([1, 3]);
    },
  },
  {
    title: 'a query waits for a transaction that goes on, however long its statements take together',
    needs: 'waiting',
    timeouts: 'short',
    async run(scene) {
      const [holder, waiter] = [await scene.connect(), await scene.connect()];
      scene.begin('a test');
      await holder.query('BEGIN');
      await holder.query(inserting(1));
      const waiting = scene.idsOf(waiter);
      for (const id of [2, 3, 4]) {
        await pause(60);
        await holder.query(inserting(id));
      }
      await holder.query('COMMIT');
      expect(await waiting).to.deep.equal([1, 2, 3, 4]);
    },
  },
  {
    title: 'a transaction that goes on without an end is told to whoever waits for it, after holdTimeout',
    needs: 'waiting',
    timeouts: 'short',
    async run(scene) {
      const [holder, waiter] = [await scene.connect(), await scene.connect()];
      scene.begin('a test');
      await holder.query('BEGIN');
      await holder.query(inserting(3));
      let over = false;
      const waiting = refused('HOLD_TIMEOUT', () => waiter.query(inserting(1))).finally(() => (over = true));
      while (!over) {
        await holder.query('SELECT 1');
        await pause(5);
      }
      expect(await waiting).to.match(/ has kept the database for \d+ ms, longer than holdTimeout/);
      await holder.query('ROLLBACK');
      await waiter.query(inserting(2));
      expect(scene.ids).to.deep.equal([2]);
    },
  },
  ...(process.platform === 'win32' ? [standStill] : [standStill, stopProcess]).map((stop): Case => ({
    title: `a transaction is not blamed for ${stop.name === 'standStill' ? 'a thread that stands still' : 'a process that is stopped'} for longer than holdTimeout`,
    needs: 'waiting',
    timeouts: 'short',
    async run(scene) {
      const [holder, waiter] = [await scene.connect(), await scene.connect()];
      scene.begin('a test');
      await holder.query('BEGIN');
      await holder.query(inserting(1));
      const waiting = scene.idsOf(waiter);
      await scene.queued(2);
      await stop(1500);
      await holder.query(inserting(2));
      await holder.query('COMMIT');
      expect(await waiting).to.deep.equal([1, 2]);
    },
  })),
  {
    title: 'a transaction that has only read lets others read, the session among them',
    async run(scene) {
      const [reader, other] = [await scene.connect(), await scene.connect()];
      scene.begin('a test');
      scene.insert(1);
      await reader.query('BEGIN');
      expect(await scene.idsOf(reader)).to.deep.equal([1]);
      expect(await scene.idsOf(other)).to.deep.equal([1]);
      expect(scene.ids).to.deep.equal([1]);

      await reader.query(inserting(2));
      await reader.query('ROLLBACK');
      expect(await scene.idsOf(other)).to.deep.equal([1]);
    },
  },
  {
    title: 'whoever waits is served in the order of asking, the session among them',
    needs: 'waiting',
    async run(scene) {
      const holder = await scene.connect();
      scene.begin('a test');
      await holder.query('BEGIN');
      await holder.query(inserting(0));
      const order: number[] = [];
      const waiting: Promise<unknown>[] = [];
      for (const id of [1, 2, 3]) {
        const app = await scene.connect();
        waiting.push(app.query(inserting(id)).then(() => order.push(id)));
        // Each has come when the next one asks.
        await scene.queued(id + 1);
      }
      const committed = pause(5).then(() => holder.query('COMMIT'));

      expect(await underHop(() => scene.ids)).to.deep.equal([0, 1, 2, 3]);
      await Promise.all([committed, ...waiting]);
      expect(order).to.deep.equal([1, 2, 3]);
    },
  },
  {
    title: "the session's transaction keeps the app waiting until it ends",
    needs: 'waiting',
    async run(scene) {
      const app = await scene.connect();
      const { session } = scene.sandbox;
      scene.begin('a test');
      session.execute('BEGIN');
      scene.insert(1);
      let answered = false;
      const waiting = scene.idsOf(app).finally(() => (answered = true));
      await scene.queued(2);
      await pause(10);
      expect(answered).to.equal(false);
      expect(scene.leftovers).to.deep.equal(['statement: SELECT id FROM item ORDER BY id']);

      scene.insert(2);
      session.execute('COMMIT');
      expect(await waiting).to.deep.equal([1, 2]);
    },
  },
  {
    title: "the session's idle transaction is named to whoever waits for it",
    timeouts: 'short',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      scene.sandbox.session.execute('BEGIN');
      scene.insert(1);
      const message = await refused('STALL', () => app.query(inserting(2)));
      expect(message).to.contain(': session has held the database').and.to.contain('session.transaction');
      scene.sandbox.session.execute('COMMIT');
      await app.query(inserting(2));
      expect(scene.ids).to.deep.equal([1, 2]);
    },
  },
];

/** Blocks this thread, as a breakpoint or a long calculation does. */
function standStill(milliseconds: number): Promise<void> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  return Promise.resolve();
}

/** Stops this process and lets it go on, as Ctrl+Z and `fg`, or a frozen container. */
async function stopProcess(milliseconds: number): Promise<void> {
  const script = `kill -STOP ${process.pid}; sleep ${milliseconds / 1000}; kill -CONT ${process.pid}`;
  await once(spawn('sh', ['-c', script]), 'exit');
}

/** A pattern of a whole text, as part of another. */
function bare({ source }: RegExp): string {
  return source.replace(/^\^|\$$/g, '');
}

function escaped(text: string): string {
  return text.replace(/[()]/g, '\\$&');
}
