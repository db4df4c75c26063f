import { expect } from 'chai';
import type { Case } from './cases.js';
import { failureOf, inserting, refused } from './scene.js';

/** A process opens sandboxes one after the other (watch mode, a worker of `--parallel`), and the app stays. */
export const runs: readonly Case[] = [
  {
    title: 'a connection of the app outlives the sandbox, and is as good as new in the next',
    async run(scene) {
      const [idle, open, cut] = [await scene.connect(), await scene.connect(), await scene.connect()];
      scene.begin('a test');
      await cut.query('BEGIN');
      await cut.query(inserting(1));
      scene.end();
      scene.begin('the last');
      await idle.query(inserting(1));
      await open.query('BEGIN');
      await open.query(inserting(2));
      scene.end();
      await scene.shut();
      await failureOf(() => idle.query(inserting(3)));

      await scene.open();
      expect(scene.sandbox.leftovers()).to.deep.equal([]);
      expect(scene.sandbox.describe()).to.deep.equal([]);
      scene.begin('of the second run');
      await idle.query(inserting(4));
      for (const app of [open, cut]) {
        await app.query('ROLLBACK').catch(() => undefined);
        await app.query(inserting(app === open ? 5 : 6));
      }
      expect(scene.ids).to.deep.equal([4, 5, 6]);
    },
  },
  {
    title: 'a second run begins with what its own setup has written, and rolls back as the first',
    async run(scene) {
      const app = await scene.connect();
      for (const run of ['the first run', 'the second run']) {
        scene.insert(1);
        scene.begin(run);
        await app.query(inserting(2));
        expect(scene.ids).to.deep.equal([1, 2]);
        scene.end();
        await scene.shut();
        await scene.open();
      }
      expect(scene.ids).to.deep.equal([]);
    },
  },
  {
    title: 'a sandbox can be closed with a transaction open, and closed again',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      await app.query('BEGIN');
      await app.query(inserting(1));
      await scene.shut();
      await scene.shut();
      await failureOf(() => app.query(inserting(2)));

      await scene.open();
      const other = await scene.connect();
      expect(await scene.idsOf(other)).to.deep.equal([]);
      expect(scene.ids).to.deep.equal([]);
    },
  },
  {
    title: 'a sandbox can be closed before the first scope, amid a transaction of the setup',
    async run(scene) {
      const app = await scene.connect();
      await app.query('BEGIN');
      await app.query(inserting(1));
      await scene.shut();

      await scene.open();
      scene.begin('a test');
      const other = await scene.connect();
      await other.query(inserting(2));
      expect(scene.ids).to.deep.equal([2]);
      await app.query('ROLLBACK').catch(() => undefined);
      await app.query(inserting(3));
      expect(scene.ids).to.deep.equal([2, 3]);
    },
  },
  {
    title: 'a sandbox that is closed sends away whoever waits for its turn',
    needs: 'waiting',
    async run(scene) {
      const [holder, waiter] = [await scene.connect(), await scene.connect()];
      scene.begin('a test');
      await holder.query('BEGIN');
      await holder.query(inserting(1));
      const waiting = refused('STRAGGLER', () => waiter.query(inserting(2)));
      await scene.queued(2);
      await scene.shut();
      await waiting;

      await scene.open();
      await waiter.query(inserting(3));
      expect(scene.ids).to.deep.equal([3]);
    },
  },
];
