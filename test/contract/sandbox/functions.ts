import { expect } from 'chai';
import type { Case } from './cases.js';
import { failureOf, inserting, refused } from './scene.js';

/** What the function of a test leaves open, and the hooks that come behind it. */
export const functions: readonly Case[] = [
  {
    title: 'of one that has failed, a transaction is rolled back before the hooks, and ROLLBACK is answered',
    async run(scene) {
      const [app, other] = [await scene.connect(), await scene.connect()];
      scene.begin('the test');
      scene.sandbox.functionBegins();
      await app.query('BEGIN');
      await app.query(inserting(1));
      scene.sandbox.functionOver(true);

      expect(scene.leftovers).to.deep.equal([]);
      expect(scene.ids).to.deep.equal([]);
      scene.insert(2);
      await other.query(inserting(3));
      expect(await refused('STRAGGLER', () => app.query(inserting(4)))).to.contain(
        'in a transaction that was rolled back as the function of "the test" was over',
      );
      await app.query('ROLLBACK');
      await app.query(inserting(5));
      expect(scene.ids).to.deep.equal([2, 3, 5]);
    },
  },
  {
    title: 'what a hook has begun before it stays, also where it has failed, until a hook ends it',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('the test');
      await app.query('BEGIN');
      await app.query(inserting(1));
      scene.sandbox.functionBegins();
      await app.query(inserting(2));
      scene.sandbox.functionOver(true);

      expect(await scene.idsOf(app)).to.deep.equal([1, 2]);
      await app.query('ROLLBACK');
      expect(scene.ids).to.deep.equal([]);
      expect(scene.leftovers).to.deep.equal([]);
    },
  },
  {
    title: 'a transaction that ended and began anew in it is its own',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('the test');
      await app.query('BEGIN');
      scene.sandbox.functionBegins();
      await app.query(inserting(1));
      await app.query('COMMIT');
      await app.query('BEGIN');
      await app.query(inserting(2));
      scene.sandbox.functionOver(true);

      expect(scene.ids).to.deep.equal([1]);
    },
  },
  {
    title: 'of one that has passed, a transaction goes on in the hooks',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('the test');
      scene.sandbox.functionBegins();
      await app.query('BEGIN');
      await app.query(inserting(1));
      scene.sandbox.functionOver(false);

      expect(scene.leftovers).to.deep.equal([`transaction: ${inserting(1)}`]);
      await app.query(inserting(2));
      await app.query('COMMIT');
      expect(scene.leftovers).to.deep.equal([]);
      expect(scene.ids).to.deep.equal([1, 2]);
    },
  },
  {
    title: 'it gives way to the session, and is a leftover until its client ends it',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('the test');
      scene.sandbox.functionBegins();
      await app.query('BEGIN');
      await app.query(inserting(1));
      scene.sandbox.functionOver(false);

      scene.insert(2);
      expect(scene.ids).to.deep.equal([2]);
      expect(scene.leftovers).to.deep.equal([`transaction: ${inserting(1)}`]);
      await refused('STRAGGLER', () => app.query(inserting(3)));
      await app.query('ROLLBACK');
      expect(scene.leftovers).to.deep.equal([]);
      await app.query(inserting(4));
      expect(scene.ids).to.deep.equal([2, 4]);
    },
  },
  {
    title: 'it gives way to another connection of the app',
    async run(scene) {
      const [app, other] = [await scene.connect(), await scene.connect()];
      scene.begin('the test');
      scene.sandbox.functionBegins();
      await app.query('BEGIN');
      await app.query(inserting(1));
      scene.sandbox.functionOver(false);

      await other.query(inserting(2));
      expect(scene.ids).to.deep.equal([2]);
    },
  },
  {
    title: 'what has given way and was never ended is cut at the end of the test',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('the first');
      scene.sandbox.functionBegins();
      await app.query('BEGIN');
      await app.query(inserting(1));
      scene.sandbox.functionOver(false);
      scene.insert(2);
      scene.end();

      scene.begin('the second');
      expect(scene.leftovers).to.deep.equal([]);
      expect(await refused('STRAGGLER', () => app.query(inserting(3)))).to.contain('after "the first" had ended');
      await failureOf(() => app.query('COMMIT'));
      await app.query(inserting(4));
      expect(scene.ids).to.deep.equal([4]);
    },
  },
  {
    title: 'in a new test everybody holds what was begun again',
    async run(scene) {
      const [app, other] = [await scene.connect(), await scene.connect()];
      scene.begin('the first');
      scene.sandbox.functionBegins();
      scene.sandbox.functionOver(false);
      scene.end();

      scene.begin('the second');
      await app.query('BEGIN');
      await app.query(inserting(1));
      if (scene.subject.waits) {
        const waiting = other.query(inserting(2));
        await scene.queued(2);
        await app.query('COMMIT');
        await waiting;
        expect(scene.ids).to.deep.equal([1, 2]);
      } else {
        await refused('STALL', () => other.query(inserting(2)));
        await app.query('COMMIT');
        expect(scene.ids).to.deep.equal([1]);
      }
    },
  },
];
