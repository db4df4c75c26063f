import { promises } from 'node:fs';
import { expect } from 'chai';
import { sync } from '#src/index.js';
import { installBridge, reportPending, waitUntil, type InstalledBridge } from '#src/bridge/index.js';
import { errorUnderHop, parkTimerOf, underHop } from './under-hop.js';

describe('sync', () => {
  let bridge: InstalledBridge;

  before(() => {
    bridge = installBridge();
    bridge.running();
  });
  beforeEach(function () {
    parkTimerOf(this.currentTest);
  });
  after(() => bridge.uninstall());

  describe('misuse', () => {
    for (const timeout of [0, -1, NaN, '100', null]) {
      it(`refuses timeout ${String(timeout)} by name`, async () => {
        const error = await errorUnderHop(() => sync(Promise.resolve(), { timeout: timeout as number }));
        expect(error.code).to.equal('LOCKSTEP_SYNC_USAGE');
        expect(error.message).to.contain('"timeout"');
      });
    }

    it('refuses to wait in a callback, an immediate, after an await', async () => {
      const places: ((call: () => void) => void)[] = [
        (call) => setTimeout(call, 1),
        (call) => setImmediate(call),
        (call) => process.nextTick(call),
        (call) => queueMicrotask(call),
        (call) => void Promise.resolve().then(call),
      ];

      for (const place of places) {
        const error = await new Promise<Error & { code?: string }>((resolve) =>
          place(() => {
            try {
              sync(Promise.resolve());
            } catch (thrown) {
              resolve(thrown as Error);
            }
          }),
        );
        expect(error.code).to.equal('LOCKSTEP_WAIT_PLACE');
      }
    });

    it('refuses to wait inside another wait', async () => {
      const error = await errorUnderHop(() =>
        sync(
          new Promise<void>((resolve, reject) => {
            setTimeout(() => {
              try {
                sync(Promise.resolve());
                resolve();
              } catch (thrown) {
                reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
              }
            });
          }),
        ),
      );
      expect(error.code).to.equal('LOCKSTEP_NESTED_WAIT');
      expect(error.message).to.contain('a test');
    });
  });

  it('returns the value of anything that settles', async () => {
    const values = await underHop(() => [
      sync(Promise.resolve(1)),
      sync(() => Promise.resolve(2)),
      sync(() => 3),
      sync(new Promise((resolve) => setTimeout(resolve, 5, 4))),
      sync(new Promise((resolve) => setImmediate(resolve, 5))),
      sync({ then: (resolve: (value: number) => void) => resolve(6) } as PromiseLike<number>),
      sync(() => promises.readFile(new URL(import.meta.url), 'utf8')).length > 100,
    ]);
    expect(values).to.deep.equal([1, 2, 3, 4, 5, 6, true]);
  });

  it('throws the rejection itself, with the frames of both sides', async () => {
    const original = new RangeError('far side');
    const error = await errorUnderHop(function theTest() {
      sync(Promise.reject(original));
    });
    expect(error).to.equal(original);
    expect(error.stack?.split('theTest').length).to.be.greaterThan(1);
  });

  it('appends the frames once only', async () => {
    const original = new Error('twice');
    await errorUnderHop(function theTest() {
      for (let i = 0; i < 2; i++) {
        try {
          sync(Promise.reject(original));
        } catch {
          // Thrown again below.
        }
      }
      throw original;
    });
    const lines = (original.stack ?? '').split('\n').filter((line) => line.includes('theTest'));
    expect(lines.length).to.be.at.most(2);
  });

  describe('all', () => {
    it('runs concurrently and keeps positions', async () => {
      const order: string[] = [];
      const work = (name: string, ms: number) => () =>
        new Promise<string>((resolve) => setTimeout(() => resolve((order.push(name), name)), ms));
      const results = await underHop(() => sync.all([work('slow', 20), work('quick', 1), Promise.resolve(3)]));

      expect(results).to.deep.equal(['slow', 'quick', 3]);
      expect(order).to.deep.equal(['quick', 'slow']);
    });

    it('throws the first failure after all have settled', async () => {
      let settled = false;
      const error = await errorUnderHop(() =>
        sync.all([
          () => new Promise((resolve) => setTimeout(() => resolve((settled = true)), 20)),
          () => {
            throw new Error('at once');
          },
          Promise.reject(new Error('second')),
        ]),
      );
      expect(error.message).to.equal('at once');
      expect(settled).to.equal(true);
    });

    it('of nothing is nothing', async () => expect(await underHop(() => sync.all([]))).to.deep.equal([]));
  });

  describe('deadlines', () => {
    it('a promise that nothing can settle is a deadlock, told before the deadline', async () => {
      const error = await errorUnderHop(() => sync(new Promise(() => undefined)), 9000);

      expect(error.code).to.equal('LOCKSTEP_DEADLOCK');
    });

    it('with a timer pending it is a timeout, at the deadline', async () => {
      const timer = setTimeout(() => undefined, 60_000);
      const start = performance.now();
      const error = await errorUnderHop(() => sync(new Promise(() => undefined)), 300);
      clearTimeout(timer);

      expect(error.code).to.equal('LOCKSTEP_SYNC_TIMEOUT');
      expect(error.message)
        .to.match(/300 ms/)
        .and.to.match(/open: .*\b1 timer\b/);
      expect(performance.now() - start).to.be.at.least(290);
    });

    // Then the pump's own two timers fire in one turn of the loop, the second after the deadline.
    it('counts no timer of its own when the process is busy while the deadline passes', async () => {
      const timer = setTimeout(() => undefined, 60_000);
      const messages: string[] = [];
      for (let round = 0; round < 5; round++) {
        let busy: NodeJS.Timeout | undefined;
        const error = await errorUnderHop(() => {
          busy = setTimeout(busyUntil, 55, performance.now() + 100);
          sync(new Promise(() => undefined));
        }, 60);
        clearTimeout(busy);
        messages.push(error.message);
      }
      clearTimeout(timer);

      // On a machine that is busy itself the deadline may come before the second of them.
      for (const message of messages) expect(message).to.match(/open: .*\b(?:1 timer|2 timers)\b/);
    });

    it('names the work that others report', async () => {
      const forget = reportPending(() => ['GET /slow: no response after 12 ms']);
      const error = await errorUnderHop(() => sync(new Promise(() => undefined)));
      forget();

      expect(error.message).to.contain('- GET /slow: no response after 12 ms');
    });

    it('waitUntil tells whether it came true', async () => {
      const results = await underHop(() => {
        let done = false;
        setTimeout(() => (done = true), 5);
        return [waitUntil('it', () => done, 1000), waitUntil('it', () => false, 30)];
      });
      expect(results).to.deep.equal([true, false]);
    });
  });
});

function busyUntil(end: number): void {
  while (performance.now() < end);
}
