import { expect } from 'chai';
import type { Case } from './cases.js';
import { inserting, refused, type Scene } from './scene.js';

/** A separate, real database beside the sandbox. */
export const outside: readonly Case[] = [
  {
    title: 'has what was there before the first scope, and keeps what its tests commit, for as long as it lasts',
    async run(scene) {
      scene.insert(1);
      const app = await scene.connect();
      await scene.sandbox.keepForOutside();
      scene.begin('hooks around', 'layer');
      await app.query(inserting(2));
      expect(await scene.idsOf(app)).to.deep.equal([1, 2]);

      await out(scene, async () => {
        await test(scene, 'the first', async () => {
          expect(await scene.idsOf(app)).to.deep.equal([1]);
          await app.query('BEGIN');
          await app.query(inserting(3));
          await app.query('COMMIT');
          scene.insert(4);
        });
        const late = await scene.connect();
        await test(scene, 'the second', async () => {
          expect(await scene.idsOf(app)).to.deep.equal([1, 3, 4]);
          expect(await scene.idsOf(late)).to.deep.equal([1, 3, 4]);
          expect(scene.ids).to.deep.equal([1, 3, 4]);
        });
      });

      scene.resume();
      expect(await scene.idsOf(app)).to.deep.equal([1, 2]);
      expect(scene.ids).to.deep.equal([1, 2]);
    },
  },
  {
    title: 'is another one each time',
    async run(scene) {
      const app = await scene.connect();
      await scene.sandbox.keepForOutside();
      for (const id of [1, 2]) {
        await out(scene, () =>
          test(scene, 'a test', async () => {
            await app.query(inserting(id));
            expect(await scene.idsOf(app)).to.deep.equal([id]);
          }),
        );
      }
      await test(scene, 'in the sandbox', async () => expect(await scene.idsOf(app)).to.deep.equal([]));
    },
  },
  {
    title: 'a transaction that a test leaves open there is named, rolled back, and its connection cut',
    async run(scene) {
      const [app, other] = [await scene.connect(), await scene.connect()];
      await scene.sandbox.keepForOutside();
      await out(scene, async () => {
        await test(scene, 'the leaking test', async () => {
          await app.query('BEGIN');
          await app.query(inserting(1));
          expect(scene.leftovers).to.deep.equal([`transaction: ${inserting(1)}`]);
        });
        await test(scene, 'the next', async () => {
          expect(scene.leftovers).to.deep.equal([]);
          expect(await scene.idsOf(other)).to.deep.equal([]);
          expect(await refused('STRAGGLER', () => app.query(inserting(2)))).to.contain('"the leaking test"');
          await refused('STRAGGLER', () => app.query('ROLLBACK'));
          await app.query(inserting(3));
          expect(await scene.idsOf(other)).to.deep.equal([3]);
        });
      });
      await test(scene, 'in the sandbox', async () => expect(await scene.idsOf(app)).to.deep.equal([]));
    },
  },
  {
    title: 'a transaction of the session that a test leaves open there is rolled back',
    async run(scene) {
      await scene.sandbox.keepForOutside();
      await out(scene, async () => {
        await test(scene, 'the leaking test', () => {
          scene.sandbox.session.script(`BEGIN; ${inserting(1)}`);
          expect(scene.sandbox.session.inTransaction).to.equal(true);
          return Promise.resolve();
        });
        await test(scene, 'the next', () => {
          expect(scene.sandbox.session.inTransaction).to.equal(false);
          expect(scene.ids).to.deep.equal([]);
          return Promise.resolve();
        });
      });
    },
  },
  {
    title: 'nothing is let in between its tests, nor behind it',
    async run(scene) {
      const app = await scene.connect();
      await scene.sandbox.keepForOutside();
      await out(scene, async () => {
        await test(scene, 'a test', () => app.query(inserting(1)));
        expect(await refused('STRAGGLER', () => app.query(inserting(2)))).to.contain('"a test" had ended');
        await test(scene, 'the next', async () => expect(await scene.idsOf(app)).to.deep.equal([1]));
      });
      expect(await refused('STRAGGLER', () => app.query(inserting(3)))).to.contain('"the next" had ended');
      await test(scene, 'in the sandbox', async () => expect(await scene.idsOf(app)).to.deep.equal([]));
    },
  },
  {
    title: 'statements are logged there too',
    async run(scene) {
      const app = await scene.connect();
      await scene.sandbox.keepForOutside();
      const from = scene.sandbox.log.count;
      await out(scene, () =>
        test(scene, 'a test', async () => {
          await app.query(inserting(1));
          scene.insert(2);
        }),
      );
      const { events } = scene.sandbox.log.since(from);
      expect(events.map(({ sql, rows }) => [sql, rows])).to.deep.equal([
        [inserting(1), 1],
        [inserting(2), 1],
      ]);
    },
  },
];

async function out(scene: Scene, work: () => Promise<unknown>): Promise<void> {
  await scene.sandbox.goOutside();
  try {
    await work();
  } finally {
    await scene.sandbox.comeBack();
  }
}

async function test(scene: Scene, title: string, work: () => Promise<unknown>): Promise<void> {
  scene.begin(title);
  await work();
  scene.end();
}
