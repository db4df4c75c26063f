import { expect } from 'chai';
import type { Case } from './cases.js';
import { inserting, pause, refused } from './scene.js';

/** What the end of a scope leaves of the app's work: nothing. */
export const ends: readonly Case[] = [
  {
    title: 'a query between two tests is a straggler, which names the one that has ended',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('the first');
      await app.query(inserting(1));
      scene.end();
      expect(await refused('STRAGGLER', () => app.query(inserting(2)))).to.contain('after "the first" had ended');

      scene.begin('the second');
      scene.end();
      expect(await refused('STRAGGLER', () => app.query(inserting(3)))).to.contain('after "the second" had ended');

      scene.begin('the third');
      await app.query(inserting(4));
      expect(scene.ids).to.deep.equal([4]);
    },
  },
  {
    title: 'a query that waits for its turn at the end is a straggler',
    needs: 'waiting',
    async run(scene) {
      const [holder, waiter] = [await scene.connect(), await scene.connect()];
      scene.begin('the first');
      await holder.query('BEGIN');
      await holder.query(inserting(1));
      const waiting = refused('STRAGGLER', () => waiter.query(inserting(2)));
      await scene.queued(2);
      expect(scene.leftovers).to.deep.equal([`transaction: ${inserting(1)}`, `statement: ${inserting(2)}`]);
      scene.end();

      scene.begin('the second');
      expect(await waiting).to.contain('"the first" had ended');
      expect(scene.leftovers).to.deep.equal([]);
      await waiter.query(inserting(3));
      expect(scene.ids).to.deep.equal([3]);
    },
  },
  {
    title: 'a transaction that is left open is a leftover, and its connection is cut until the app has ended it',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('the first');
      await app.query('BEGIN');
      await app.query(inserting(1));
      expect(scene.leftovers).to.deep.equal([`transaction: ${inserting(1)}`]);
      expect(scene.sandbox.cutConnections()).to.deep.equal([]);
      scene.end();
      expect(scene.leftovers).to.deep.equal([]);

      scene.begin('the second');
      const [cut, ...others] = scene.sandbox.cutConnections();
      expect(others).to.deep.equal([]);
      expect(cut).to.include({ title: 'the first', lastSql: inserting(1) });
      expect(cut?.connection).to.match(scene.subject.connectionName);

      for (const sql of [inserting(2), 'COMMIT'])
        expect(await refused('STRAGGLER', () => app.query(sql))).to.contain(
          `sent "${sql}" after "the first" had ended, in the transaction that this test left open`,
        );
      expect(scene.sandbox.cutConnections()).to.deep.equal([]);
      await app.query(inserting(3));
      expect(scene.ids).to.deep.equal([3]);
    },
  },
  {
    title: 'a cut connection is as good as new after ROLLBACK, and belongs to whoever sends BEGIN',
    async run(scene) {
      const [one, two] = [await scene.connect(), await scene.connect()];
      for (const [app, sql] of [
        [one, 'ROLLBACK'],
        [two, 'BEGIN'],
      ] as const) {
        scene.begin('the first');
        await app.query('BEGIN');
        await app.query(inserting(1));
        scene.end();

        scene.begin('the second');
        if (sql === 'ROLLBACK') await refused('STRAGGLER', () => app.query(sql));
        else await app.query(sql);
        await app.query(inserting(2));
        if (sql === 'BEGIN') await app.query('COMMIT');
        expect(scene.sandbox.cutConnections()).to.deep.equal([]);
        expect(scene.ids).to.deep.equal([2]);
        scene.end();
      }
    },
  },
  {
    title: 'a cut connection that is closed is forgotten, and keeps nobody waiting',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('the first');
      await app.query('BEGIN');
      await app.query(inserting(1));
      scene.end();

      scene.begin('the second');
      await app.close();
      // Its end may come by the event loop.
      while (scene.sandbox.cutConnections().length > 0) await pause(1);
      const other = await scene.connect();
      expect(await scene.idsOf(other)).to.deep.equal([]);
      expect(scene.ids).to.deep.equal([]);
    },
  },
  {
    title: 'a transaction is cut by the end of its own test only once: the next test is not charged with it',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('the first');
      await app.query('BEGIN');
      await app.query(inserting(1));
      scene.end();

      for (const title of ['the second', 'the third']) {
        scene.begin(title);
        expect(scene.leftovers).to.deep.equal([]);
        expect(await refused('STRAGGLER', () => app.query(inserting(2)))).to.contain('after "the first" had ended');
        scene.end();
      }
    },
  },
  {
    title: "the session's transaction is simply over, and no leftover",
    run(scene) {
      const { session } = scene.sandbox;
      for (const work of [inserting(1), undefined]) {
        scene.begin('the first');
        session.execute('BEGIN');
        if (work !== undefined) session.execute(work);
        expect(scene.leftovers).to.deep.equal([]);
        scene.end();

        scene.begin('the second');
        expect(session.inTransaction).to.equal(false);
        expect(scene.ids).to.deep.equal([]);
        scene.end();
      }
    },
  },
  {
    title: 'a transaction that has only begun is cut as well',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('the first');
      await app.query('BEGIN');
      expect(scene.leftovers).to.deep.equal(['transaction: BEGIN']);
      scene.end();

      scene.begin('the second');
      await refused('STRAGGLER', () => app.query(inserting(1)));
      await refused('STRAGGLER', () => app.query('COMMIT'));
      await app.query(inserting(2));
      expect(scene.ids).to.deep.equal([2]);
    },
  },
  {
    title: 'a temporary table ends with its test',
    async run(scene) {
      const app = await scene.connect();
      for (const title of ['the first', 'the second']) {
        scene.begin(title);
        await app.query('CREATE TEMPORARY TABLE scrap (id int)');
        await app.query('INSERT INTO scrap VALUES (1)');
        expect(await app.query('SELECT id FROM scrap')).to.have.length(1);
        scene.end();
      }
    },
  },
  {
    title: 'a table that was made or changed in a test is as it was before',
    async run(scene) {
      const app = await scene.connect();
      for (const title of ['the first', 'the second']) {
        scene.begin(title);
        await app.query('CREATE TABLE more (id int)');
        await app.query('ALTER TABLE item ADD COLUMN extra int');
        await app.query('INSERT INTO item VALUES (1, 2)');
        expect(scene.ids).to.deep.equal([1]);
        scene.end();
      }
    },
  },
  {
    title: 'a setting of a connection ends with the scope',
    async run(scene) {
      const { set, show, value } = scene.subject.setting;
      const app = await scene.connect();
      const shown = async (): Promise<string> => {
        const [row = {}] = await app.query(show);
        return String(Object.values(row)[0]);
      };
      scene.begin('the first');
      expect(await shown()).not.to.equal(value);
      await app.query(set);
      expect(await shown()).to.equal(value);
      scene.end();

      scene.begin('the second');
      expect(await shown()).not.to.equal(value);
    },
  },
];
