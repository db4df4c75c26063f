import { createContext, runInContext } from 'node:vm';
import { expect } from 'chai';
import sinon from 'sinon';
import { withRealTicks } from '#src/bridge/real-ticks.js';
import { fakeClock } from '#src/fake-clock.js';
import { type Realm, useRealms } from '#src/realms.js';

type TestRealm = Realm & Required<Pick<Realm, 'process' | 'queueMicrotask'>>;

// They are compared, not called.
/* eslint-disable @typescript-eslint/unbound-method */

/** A context of its own with Node's functions, as some runners have one for each test file. */
function newRealm(): TestRealm {
  const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, queueMicrotask } =
    globalThis;
  const timers = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate, queueMicrotask };
  const context = createContext({ ...timers, process: { nextTick: process.nextTick } });
  return runInContext('globalThis', context) as TestRealm;
}

describe('a fake clock in a realm of the tests', () => {
  let realm: TestRealm;
  let restore: () => void;

  beforeEach(() => {
    realm = newRealm();
    const toFake = ['nextTick', 'queueMicrotask', 'setTimeout', 'setImmediate'] as const;
    const config: object = { global: realm, toFake: [...toFake] };
    const clock = sinon.useFakeTimers(config);
    restore = () => clock.restore();
  });
  afterEach(() => {
    useRealms([]);
    restore();
  });

  it('is told of where the adapter has named the realm', () => {
    expect(fakeClock()).to.equal(undefined);
    useRealms([realm]);
    expect(fakeClock()?.why).to.contain('setTimeout, setImmediate, nextTick and queueMicrotask are not');
    expect(fakeClock(false)?.why).to.contain('setTimeout and setImmediate are not');
    restore();
    expect(fakeClock()).to.equal(undefined);
  });

  it("has Node's own ticks while something is waited for", () => {
    const { nextTick } = realm.process;
    const { queueMicrotask } = realm;
    const during = (): unknown[] => [realm.process.nextTick, realm.queueMicrotask];

    expect(withRealTicks(during)).to.deep.equal([nextTick, queueMicrotask]);
    useRealms([realm]);
    expect(withRealTicks(during)).to.deep.equal([process.nextTick, globalThis.queueMicrotask]);
    expect(during()).to.deep.equal([nextTick, queueMicrotask]);
  });

  it('stays restored where the work has done so', () => {
    useRealms([realm]);
    withRealTicks(restore);
    expect(realm.process.nextTick).to.equal(process.nextTick);
    expect(realm.queueMicrotask).to.equal(globalThis.queueMicrotask);
  });
});
