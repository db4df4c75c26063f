import { pbkdf2, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import { expect } from 'chai';
import { sync } from 'lockstep';
import { installBridge, type InstalledBridge } from '#src/bridge/index.js';
import { errorUnderHop, parkTimerOf, underHop } from './under-hop.js';

const hash = promisify(pbkdf2);
/** Longer than any grace. */
const LONG = 500;

/** Work that takes long, and of which Node's list of active resources tells nothing. */
const invisible: Readonly<Record<string, () => Promise<unknown>>> = {
  'a hash in the thread pool': async () => {
    const began = performance.now();
    await hash('secret', 'salt', 100_000, 32, 'sha256');
    const rounds = Math.ceil((100_000 * LONG) / (performance.now() - began));
    return hash('secret', 'salt', rounds, 32, 'sha256');
  },
  'many quick jobs in the thread pool, one after the other': async () => {
    const end = performance.now() + LONG;
    while (performance.now() < end) await promisify(randomBytes)(8);
  },
  'compression in the thread pool': async () => {
    const end = performance.now() + LONG;
    while (performance.now() < end) await promisify(deflate)(Buffer.alloc(4_000_000, 'x1y2z3'));
  },
  'a timer that does not keep the process alive': () =>
    new Promise((resolve) => void setTimeout(resolve, LONG).unref()),
  'AbortSignal.timeout': () => once(AbortSignal.timeout(LONG), 'abort'),
};

describe('DeadlockError', () => {
  let bridge: InstalledBridge | undefined;

  beforeEach(function () {
    parkTimerOf(this.currentTest);
  });
  afterEach(() => {
    bridge?.uninstall();
    bridge = undefined;
  });

  function install(): void {
    bridge = installBridge();
    bridge.running();
  }

  for (const [title, work] of Object.entries(invisible)) {
    it(`is not said of ${title}`, async () => {
      install();
      expect(await underHop(() => [sync(work), sync(() => 'done')][1], 20_000)).to.equal('done');
    });
  }

  it('is not said of a timer, when one ran out that was set before Lockstep was loaded', async () => {
    const early = new Promise((resolve) => setTimeout(resolve, 20));
    install();
    await early;

    expect(await underHop(() => sync(new Promise((resolve) => setTimeout(resolve, LONG, 'done'))))).to.equal('done');
  });

  it('is said in spite of an interval that does not keep the process alive', async () => {
    install();
    const interval = setInterval(() => undefined, 10).unref();
    const error = await errorUnderHop(() => sync(new Promise(() => undefined)));
    clearInterval(interval);

    expect(error.code).to.equal('LOCKSTEP_DEADLOCK');
  });

  it('is said when invisible work has come to its end without settling anything', async () => {
    install();
    const error = await errorUnderHop(() =>
      sync(async () => {
        await invisible['a hash in the thread pool']?.();
        await new Promise(() => undefined);
      }),
    );

    expect(error.code).to.equal('LOCKSTEP_DEADLOCK');
  });
});
