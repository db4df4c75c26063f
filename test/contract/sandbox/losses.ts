import { expect } from 'chai';
import { SandboxLostError } from '#src/errors.js';
import type { Case } from './cases.js';
import { failureOf, inserting, lockstepCode } from './scene.js';

/** The outer transaction has ended, which it never should. */
export const losses: readonly Case[] = [
  {
    title: 'a lost transaction fails the statement that finds it gone and the test, and the next test works',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      scene.insert(1);
      expect(lockstepCode(await scene.prepared.lose(app))).to.equal('LOCKSTEP_SANDBOX_LOST');
      const lost = await failureOf(() => scene.end());
      expect(lost).to.be.instanceOf(SandboxLostError);
      expect(lost.message).to.contain('"a test"');
      await scene.recovered();

      for (const title of ['the next', 'the one behind it']) {
        scene.begin(title);
        const other = await scene.connect();
        expect(scene.ids).to.deep.equal([]);
        await other.query(inserting(2));
        expect(scene.ids).to.deep.equal([2]);
        scene.end();
      }
    },
  },
  {
    title: "a lost transaction ends the app's own, whose connection can be used again",
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a test');
      await app.query('BEGIN');
      await app.query(inserting(1));
      expect(lockstepCode(await scene.prepared.lose(app))).to.equal('LOCKSTEP_SANDBOX_LOST');
      await app.query('ROLLBACK').catch(() => undefined);
      expect(await failureOf(() => scene.end())).to.be.instanceOf(SandboxLostError);
      await scene.recovered();

      scene.begin('the next');
      expect(scene.leftovers).to.deep.equal([]);
      await app.query('BEGIN');
      await app.query(inserting(2));
      await app.query('COMMIT');
      expect(scene.ids).to.deep.equal([2]);
    },
  },
  {
    title: 'a lost transaction takes the fixtures of the layers around along, and is told once',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a suite', 'layer');
      scene.insert(1);
      scene.begin('its test');
      await scene.prepared.lose(app);
      expect(await failureOf(() => scene.end())).to.be.instanceOf(SandboxLostError);
      await scene.recovered();
      scene.end();

      scene.begin('the next');
      expect(scene.ids).to.deep.equal([]);
      scene.insert(2);
      scene.end();
    },
  },
  {
    title: 'a test that has written nothing before loses its own work only',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a suite', 'layer');
      scene.begin('its test');
      scene.insert(1);
      await scene.prepared.lose(app);
      expect(await failureOf(() => scene.end())).to.be.instanceOf(SandboxLostError);
      await scene.recovered();
      scene.begin('its second test');
      expect(scene.ids).to.deep.equal([]);
      scene.end();
      scene.end();
    },
  },
  {
    title: 'a loss in a hook that nobody was told of is told by what begins next, and once',
    async run(scene) {
      const app = await scene.connect();
      scene.begin('a suite', 'layer');
      scene.insert(1);
      await scene.prepared.lose(app);
      // As a runner has it, a scope that could not begin is not ended.
      expect(await failureOf(() => scene.sandbox.begin({ kind: 'test', title: 'its test' }))).to.be.instanceOf(
        SandboxLostError,
      );
      await scene.recovered();
      scene.begin('its second test');
      expect(scene.ids).to.deep.equal([]);
      scene.end();

      scene.resume();
      scene.insert(2);
      await scene.prepared.lose(app);
      expect(await failureOf(() => scene.resume())).to.be.instanceOf(SandboxLostError);
      await scene.recovered();
      scene.end();
      scene.begin('the next');
      expect(scene.ids).to.deep.equal([]);
    },
  },
];
