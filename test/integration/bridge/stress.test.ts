import { expect } from 'chai';
import { installBridge, type InstalledBridge } from '#src/bridge/index.js';
import { stress } from './stress.js';
import { parkTimerOf } from './under-hop.js';

// The whole of it is `npm run stress`.
describe('many waits amid sockets and timers', () => {
  let bridge: InstalledBridge;

  before(() => {
    bridge = installBridge();
    bridge.running();
  });
  beforeEach(function () {
    parkTimerOf(this.currentTest);
  });
  after(() => bridge.uninstall());

  for (const seed of [1, 2]) {
    it(`nothing is lost, nothing out of order, seed ${seed}`, async () => {
      const { echoes, fired } = await stress({ sockets: 20, timers: 10, waits: 200, seed });

      expect(echoes).to.be.above(20);
      expect(fired).to.be.above(10);
    });
  }
});
