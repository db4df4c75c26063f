import { expect } from 'chai';
import type { Case } from './cases.js';
import { failureOf, inserting, lockstepCode, pause } from './scene.js';

/** One real connection, and each client believes in one of its own. */
export const sharing: readonly Case[] = [
  {
    title: 'a script of the session may have 16 MB of small statements',
    async run(scene) {
      const app = await scene.connect();
      const count = 60_000;
      const statements = Array.from({ length: count }, (_, id) => `${inserting(id)}; -- ${'.'.repeat(230)}`);
      const text = statements.join('\n');
      expect(text.length).to.be.above(16_000_000);

      scene.begin('a test');
      scene.sandbox.session.script(text);
      expect((await scene.idsOf(app)).length).to.equal(count);
      scene.end();
      scene.begin('the next');
      expect(scene.ids).to.deep.equal([]);
    },
  },
  {
    title: 'what anyone writes is seen by all, and gone with the test',
    async run(scene) {
      const [one, two] = [await scene.connect(), await scene.connect()];
      scene.begin('a test');
      scene.insert(1);
      await one.query(inserting(2));
      await two.query(inserting(3));
      for (const seen of [scene.ids, await scene.idsOf(one), await scene.idsOf(two)])
        expect(seen).to.deep.equal([1, 2, 3]);
      scene.end();

      scene.begin('the next');
      expect(scene.ids).to.deep.equal([]);
      expect(await scene.idsOf(one)).to.deep.equal([]);
    },
  },
  {
    title: 'what was written before the first scope stays, by whomever',
    async run(scene) {
      const app = await scene.connect();
      scene.insert(1);
      await app.query(inserting(2));
      await app.query('BEGIN');
      await app.query(inserting(3));
      await app.query('COMMIT');

      for (const title of ['a test', 'the next']) {
        scene.begin(title);
        scene.insert(4);
        expect(await scene.idsOf(app)).to.deep.equal([1, 2, 3, 4]);
        scene.end();
      }
    },
  },
  {
    title: "the app's own rollback undoes what it has written since its begin, and nothing else",
    async run(scene) {
      const [app, other] = [await scene.connect(), await scene.connect()];
      scene.begin('a test');
      scene.insert(1);
      await other.query(inserting(2));
      await app.query('BEGIN');
      await app.query(inserting(3));
      expect(await scene.idsOf(app)).to.deep.equal([1, 2, 3]);
      await app.query('ROLLBACK');
      expect(scene.ids).to.deep.equal([1, 2]);
      expect(await scene.idsOf(other)).to.deep.equal([1, 2]);
    },
  },
  {
    title: "the app's commit is one to all, and is undone with the test",
    async run(scene) {
      const [app, other] = [await scene.connect(), await scene.connect()];
      scene.begin('a test');
      await app.query('BEGIN');
      await app.query(inserting(1));
      await app.query('COMMIT');
      expect(scene.leftovers).to.deep.equal([]);
      expect(await scene.idsOf(other)).to.deep.equal([1]);
      expect(scene.ids).to.deep.equal([1]);
      scene.end();

      scene.begin('the next');
      expect(scene.ids).to.deep.equal([]);
    },
  },
  {
    title: 'savepoints of the app are its own, whatever it calls them',
    async run(scene) {
      const [one, two] = [await scene.connect(), await scene.connect()];
      scene.begin('a test');
      for (const [app, id] of [
        [one, 1],
        [two, 3],
      ] as const) {
        await app.query('BEGIN');
        await app.query(inserting(id));
        await app.query('SAVEPOINT a');
        await app.query(inserting(id + 1));
        await app.query('ROLLBACK TO SAVEPOINT a');
        await app.query('RELEASE SAVEPOINT a');
        await app.query('COMMIT');
      }
      expect(scene.ids).to.deep.equal([1, 3]);
    },
  },
  {
    title: 'transactions side by side are kept apart',
    needs: 'waiting',
    async run(scene) {
      scene.begin('a test');
      const transfer = async (id: number, ending: string): Promise<void> => {
        const app = await scene.connect();
        await app.query('BEGIN');
        await app.query(inserting(id));
        await pause(2);
        await app.query(ending);
      };
      await Promise.all([1, 2, 3, 4, 5, 6].map((id) => transfer(id, id % 2 === 0 ? 'COMMIT' : 'ROLLBACK')));
      expect(scene.ids).to.deep.equal([2, 4, 6]);
    },
  },
  {
    title: 'a statement that fails undoes itself alone, by whomever it is',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      scene.insert(1);
      await app.query(inserting(2));
      for (const again of [
        () => app.query(inserting(1)),
        () => scene.insert(2),
        () => app.query('SELECT * FROM nothing'),
      ])
        expect(lockstepCode(await failureOf(again))).to.equal(undefined);
      await app.query(inserting(3));
      scene.insert(4);
      expect(scene.ids).to.deep.equal([1, 2, 3, 4]);
      expect(await scene.idsOf(app)).to.deep.equal([1, 2, 3, 4]);
    },
  },
  {
    title: 'a statement that fails in a transaction takes nothing along that was there before',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      scene.insert(1);
      await app.query('BEGIN');
      await app.query(inserting(2));
      await failureOf(() => app.query(inserting(1)));
      await app.query('ROLLBACK');
      await app.query(inserting(3));
      expect(scene.ids).to.deep.equal([1, 3]);
    },
  },
  {
    title: 'a connection that is closed amid its transaction has it rolled back, and gives the turn to the next',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      scene.insert(1);
      await app.query('BEGIN');
      await app.query(inserting(2));
      await app.close();
      const other = await scene.connect();
      expect(await scene.idsOf(other)).to.deep.equal([1]);
      expect(scene.ids).to.deep.equal([1]);
    },
  },
  {
    title: "the session's transaction is seen by itself only as long as it is open, and then by all",
    async run(scene) {
      const app = await scene.connect();
      const { session } = scene.sandbox;
      scene.begin('a test');
      for (const [id, ending] of [
        [1, 'ROLLBACK'],
        [2, 'COMMIT'],
      ] as const) {
        expect(session.inTransaction).to.equal(false);
        session.execute('BEGIN');
        session.execute(inserting(id));
        expect(session.inTransaction).to.equal(true);
        session.execute(ending);
      }
      expect(session.inTransaction).to.equal(false);
      expect(await scene.idsOf(app)).to.deep.equal([2]);
    },
  },
  {
    title: 'what was sent is in the log, with the connection that sent it, and told to the observer',
    async run(scene) {
      const app = await scene.connect();
      const { sandbox } = scene;
      scene.begin('a test');
      const from = sandbox.log.count;
      const told: string[] = [];
      sandbox.observer = ({ sql }) => void told.push(sql);
      await app.query(inserting(1));
      scene.insert(2);
      const failed = await failureOf(() => app.query(inserting(2)));

      expect(sandbox.log.count - from).to.equal(3);
      const { first, events } = sandbox.log.since(from);
      expect(first).to.equal(from);
      expect(events.map(({ sql, rows, error }) => [sql, rows, error !== undefined])).to.deep.equal([
        [inserting(1), 1, false],
        [inserting(2), 1, false],
        [inserting(2), 0, true],
      ]);
      expect(failed.message).to.contain(events[2]?.error?.message);
      expect(events[0]?.connection).to.match(scene.subject.connectionName);
      expect(events[1]?.connection).to.equal('session');
      sandbox.drain();
      expect(told).to.deep.equal([inserting(1), inserting(2), inserting(2)]);
    },
  },
  {
    title: 'the app has reached the sandbox once it has come, and its activity goes up with every answer',
    async run(scene) {
      const app = await scene.connect();
      const { sandbox } = scene;
      scene.begin('a test');
      await app.query(inserting(1));
      expect(sandbox.reached).to.equal(true);

      for (const sql of [inserting(2), inserting(2), 'SELECT 1']) {
        const before = sandbox.activity;
        await app.query(sql).catch(() => undefined);
        // An error may be told before its statement has been dealt with.
        while (scene.leftovers.length > 0) await pause(1);
        expect(sandbox.activity).to.be.greaterThan(before);
      }
      const before = sandbox.activity;
      scene.insert(3);
      expect(scene.leftovers).to.deep.equal([]);
      expect(sandbox.activity).to.equal(before);
    },
  },
  {
    title: 'sockets to elsewhere do not lead to the sandbox',
    run({ sandbox }) {
      expect(sandbox.leadsHere({ remoteAddress: '127.0.0.1', remotePort: 1 })).to.equal(false);
    },
  },
];
