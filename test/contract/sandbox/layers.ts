import { expect } from 'chai';
import type { Case } from './cases.js';
import { inserting, refused } from './scene.js';

/** Fixtures of suites, and tests on top of them. */
export const layers: readonly Case[] = [
  {
    title: 'layers keep their work for all tests inside, then it is gone',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('outer', 'layer');
      await app.query(inserting(1));
      scene.begin('inner', 'layer');
      scene.insert(2);
      for (const title of ['the first', 'the second']) {
        scene.begin(title);
        await app.query(inserting(3));
        expect(scene.ids).to.deep.equal([1, 2, 3]);
        scene.end();
      }
      scene.end();
      scene.begin('beside');
      expect(scene.ids).to.deep.equal([1]);
      scene.end();
      scene.end();

      scene.begin('the next');
      expect(await scene.idsOf(app)).to.deep.equal([]);
    },
  },
  {
    title: 'a layer that nobody has used yet is its own when it is used at last',
    run(scene) {
      scene.begin('outer', 'layer');
      scene.begin('idle');
      scene.end();
      scene.begin('the first');
      scene.insert(1);
      scene.end();
      scene.resume();
      scene.insert(2);
      scene.begin('the second');
      expect(scene.ids).to.deep.equal([2]);
      scene.end();
      scene.end();

      scene.begin('the next');
      expect(scene.ids).to.deep.equal([]);
    },
  },
  {
    title: 'between its tests a layer is closed, until a hook resumes it',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a layer', 'layer');
      await app.query(inserting(1));
      scene.begin('its test');
      await app.query(inserting(2));
      scene.end();
      expect(await refused('STRAGGLER', () => app.query(inserting(3)))).to.contain('"its test" had ended');

      scene.resume();
      await app.query(inserting(4));
      expect(scene.ids).to.deep.equal([1, 4]);
      scene.end();
      expect(await refused('STRAGGLER', () => app.query(inserting(5)))).to.contain('"a layer" had ended');
    },
  },
  {
    title: 'outside of all scopes nothing can be resumed',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      scene.end();
      scene.resume();
      await refused('STRAGGLER', () => app.query(inserting(1)));
    },
  },
  {
    title: "a transaction of a layer's hook is cut when a test begins",
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a layer', 'layer');
      scene.insert(1);
      await app.query('BEGIN');
      await app.query(inserting(2));
      scene.begin('its test');
      expect(scene.ids).to.deep.equal([1]);
      expect(await refused('STRAGGLER', () => app.query(inserting(3)))).to.contain('"a layer"');
      await refused('STRAGGLER', () => app.query('COMMIT'));
      await app.query(inserting(4));
      expect(scene.ids).to.deep.equal([1, 4]);
    },
  },
];
