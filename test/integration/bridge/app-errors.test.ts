import { AsyncLocalStorage, executionAsyncId } from 'node:async_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { sync } from '#src/index.js';
import { installBridge, type InstalledBridge } from '#src/bridge/index.js';
import { makeNoise } from './noise.js';
import { sources } from './error-sources.js';
import { PATIENCE, parkTimerOf, underHop } from './under-hop.js';

interface Seen {
  readonly error: unknown;
  readonly store: string | undefined;
  readonly later: readonly unknown[];
  readonly ids: readonly number[];
}

describe('errors that the app throws during a wait', () => {
  let bridge: InstalledBridge;

  before(() => {
    bridge = installBridge();
    bridge.running();
  });
  beforeEach(function () {
    parkTimerOf(this.currentTest);
  });
  after(() => bridge.uninstall());

  /** Waits while a callback of the app throws, and then for other things. */
  function meet(source: (boom: () => never) => unknown, error: Error, storage: AsyncLocalStorage<string>): Seen {
    const id = executionAsyncId();
    const boom = (): never => {
      throw error;
    };
    let met: unknown;
    try {
      source(boom);
      sync(new Promise(() => undefined), { timeout: 3000 * PATIENCE });
    } catch (thrown) {
      met = thrown;
    }
    const later = [
      sync(new Promise((resolve) => setImmediate(resolve, 'immediate'))),
      sync(new Promise((resolve) => setTimeout(resolve, 1, 'timer'))),
      sync(async () => {
        await pause(1);
        return 'async';
      }),
    ];
    return { error: met, store: storage.getStore(), later, ids: [id, executionAsyncId()] };
  }

  for (const [name, source] of Object.entries(sources)) {
    for (const around of ['', ', in AsyncLocalStorage', ', amid other callbacks'] as const) {
      it(`${name}${around}: thrown by the wait, and later waits work`, async () => {
        const error = new Error('boom');
        const storage = new AsyncLocalStorage<string>();
        const active = around === ', in AsyncLocalStorage';
        const stop = around === ', amid other callbacks' ? await makeNoise() : () => undefined;
        const seen = await underHop(() =>
          active ? storage.run('store', () => meet(source, error, storage)) : meet(source, error, storage),
        );
        stop();

        expect(seen.error).to.equal(error);
        expect(seen.later).to.deep.equal(['immediate', 'timer', 'async']);
        expect(seen.store).to.equal(active ? 'store' : undefined);
        expect(seen.ids[1]).to.equal(seen.ids[0]);
        // What still runs of it afterwards has to find nothing broken either.
        await pause(1);
      });
    }
  }

  it('of several, the first is thrown', async () => {
    const seen = await underHop(() => {
      for (const name of ['first', 'second', 'third']) {
        setImmediate(() => {
          throw new Error(name);
        });
      }
      try {
        sync(new Promise(() => undefined));
      } catch (error) {
        return [(error as Error).message, sync(() => Promise.resolve('later'))];
      }
      return [];
    });
    expect(seen).to.deep.equal(['first', 'later']);
  });

  it('a thousand of them leave nothing behind', async () => {
    const storage = new AsyncLocalStorage<number>();
    const seen = await underHop(() => {
      const id = executionAsyncId();
      let thrown = 0;
      const queues = [setImmediate, setTimeout, (callback: () => void) => process.nextTick(callback), queueMicrotask];
      for (let i = 0; i < 1000; i++) {
        storage.run(i, () => {
          const source = queues[i % queues.length] as (callback: () => void) => void;
          source(() => {
            throw new Error(String(i));
          });
          try {
            sync(new Promise(() => undefined), { timeout: 3000 * PATIENCE });
          } catch (error) {
            if ((error as Error).message === String(i) && storage.getStore() === i) thrown += 1;
          }
        });
      }
      return [thrown, executionAsyncId() - id];
    });
    expect(seen).to.deep.equal([1000, 0]);
  });
});
