import { expect } from 'chai';
import type { Case } from './cases.js';
import type { Scene } from './scene.js';
import type { AppConnection } from './subject.js';

const TAKEN = 'INSERT INTO numbered (name) VALUES (1) RETURNING id';

/** A table with the rows 1 and 2. */
function schema({ subject, sandbox }: Scene): void {
  sandbox.session.script(
    `DROP TABLE IF EXISTS numbered; CREATE TABLE numbered (id ${subject.numbered}, name int); ` +
      'INSERT INTO numbered (name) VALUES (1), (2)',
  );
}

const taken = ({ sandbox }: Scene): number => Number(sandbox.session.execute(TAKEN).rows[0]?.['id']);
const takenBy = async (app: AppConnection): Promise<number> => Number((await app.query(TAKEN))[0]?.['id']);

/** Ids of scopes that are to restart. */
export const identities: readonly Case[] = [
  {
    title: 'each test begins with the ids that were left before the first',
    async run(scene) {
      schema(scene);
      const app = await scene.connect();
      for (const title of ['the first', 'the second', 'the third']) {
        scene.begin(title, 'test', 'restart');
        expect([await takenBy(app), taken(scene), await takenBy(app)]).to.deep.equal([3, 4, 5]);
        scene.end();
      }
    },
  },
  {
    title: 'each test begins with the ids that the fixtures around it have left, and what is behind them does not',
    async run(scene) {
      schema(scene);
      const app = await scene.connect();
      scene.begin('a layer', 'layer', 'restart');
      expect(await takenBy(app)).to.equal(3);
      for (const title of ['the first', 'the second']) {
        scene.begin(title, 'test', 'restart');
        expect([await takenBy(app), taken(scene)]).to.deep.equal([4, 5]);
        scene.end();
      }
      scene.resume();
      expect(taken(scene)).to.equal(4);
      for (const title of ['the third', 'the fourth']) {
        scene.begin(title, 'test', 'restart');
        expect(taken(scene)).to.equal(5);
        scene.end();
      }
      scene.end();

      scene.begin('the next', 'test', 'restart');
      expect(taken(scene)).to.equal(3);
    },
  },
  {
    title: 'a table that was made in a test numbers its rows anew in the next',
    async run(scene) {
      const app = await scene.connect();
      for (const title of ['the first', 'the second']) {
        scene.begin(title, 'test', 'restart');
        await app.query(`CREATE TABLE made (id ${scene.subject.numbered}, name int)`);
        expect(await app.query('INSERT INTO made (name) VALUES (1) RETURNING id')).to.deep.equal([{ id: 1 }]);
        scene.end();
      }
    },
  },
];
