import { expect } from 'chai';
import fc from 'fast-check';
import { Time } from './time.js';
import { TurnQueue, type TurnOwner } from '#src/sandbox/turn-queue.js';

const STALL = 300;
const HOLD = 1000;

class Owner implements TurnOwner {
  readonly name: string;
  lastSql = 'select 1';
  since = 0;
  idleSince = 0;
  running = false;

  constructor(name: string) {
    this.name = name;
  }
}

/** A queue, and what becomes of those who ask. */
class Scene {
  readonly time = new Time();
  readonly outcomes: string[] = [];
  readonly counts: number[] = [];
  debugging = false;
  readonly queue = new TurnQueue<Owner>({
    timeouts: { stallTimeout: STALL, holdTimeout: HOLD },
    clock: this.time.clock,
    probe: (answer) => this.time.probe(answer),
    debugging: () => this.debugging,
    changed: (waiting) => this.counts.push(waiting),
  });

  take(name: string): Owner {
    const owner = new Owner(name);
    owner.since = owner.idleSince = this.time.now;
    expect(this.queue.tryTake(owner)).to.equal(true);
    return owner;
  }

  ask(name: string): Owner {
    const owner = new Owner(name);
    this.queue.request(
      owner,
      `select ${name}`,
      () => {
        owner.since = owner.idleSince = this.time.now;
        this.outcomes.push(`${this.time.now}: ${name} granted`);
      },
      (error) =>
        this.outcomes.push(`${this.time.now}: ${name} ${'code' in error ? String(error.code) : error.message}`),
    );
    return owner;
  }
}

describe('the queue for the turn', () => {
  let scene: Scene;

  beforeEach(() => {
    scene = new Scene();
  });

  it('serves in order and says how many wait', () => {
    const holder = scene.take('a');
    const [b] = [scene.ask('b'), scene.ask('c')];
    expect(scene.queue.waiting.map(({ sql }) => sql)).to.deep.equal(['select b', 'select c']);
    expect(scene.queue.size).to.equal(2);
    scene.queue.release(holder);
    scene.queue.release(b);
    expect(scene.outcomes).to.deep.equal(['0: b granted', '0: c granted']);
    expect(scene.counts).to.deep.equal([1, 2, 1, 0]);
    expect(scene.queue.holder?.name).to.equal('c');
  });

  it('sends everybody away who waits for a holder that is idle, each in its time', () => {
    scene.take('a');
    scene.ask('b');
    scene.time.pass(50);
    scene.ask('c');
    scene.time.pass(1000);
    expect(scene.outcomes).to.deep.equal(['300: b LOCKSTEP_STALL', '350: c LOCKSTEP_STALL']);
    expect(scene.queue.waiting).to.deep.equal([]);
    expect(scene.time.quiet).to.equal(true);
  });

  it('counts being idle from the last statement of the holder', () => {
    const holder = scene.take('a');
    scene.ask('b');
    scene.time.pass(250);
    holder.idleSince = 250;
    scene.time.pass(299);
    expect(scene.outcomes).to.deep.equal([]);
    scene.time.pass(1);
    expect(scene.outcomes).to.deep.equal(['550: b LOCKSTEP_STALL']);
  });

  it('is patient with a holder that runs, up to the hold timeout', () => {
    scene.take('a').running = true;
    scene.ask('b');
    scene.time.pass(HOLD - 1);
    expect(scene.outcomes).to.deep.equal([]);
    scene.time.pass(1);
    expect(scene.outcomes).to.deep.equal(['1000: b LOCKSTEP_HOLD_TIMEOUT']);
  });

  it('counts as held only the time in which others were kept waiting, by the same holder', () => {
    const holder = scene.take('a');
    holder.running = true;
    scene.time.pass(5 * HOLD);
    const b = scene.ask('b');
    scene.time.pass(HOLD - 100);
    scene.ask('c');
    scene.queue.release(holder);
    b.running = true;
    expect(scene.outcomes).to.deep.equal(['5900: b granted']);
    scene.time.pass(HOLD - 1);
    expect(scene.outcomes).to.have.length(1);
    scene.time.pass(1);
    expect(scene.outcomes[1]).to.equal('6900: c LOCKSTEP_HOLD_TIMEOUT');
  });

  it('knows a holder again that has kept others waiting for too long', () => {
    scene.take('a').running = true;
    scene.ask('b');
    scene.time.pass(HOLD);
    scene.ask('c');
    scene.time.pass(10);
    expect(scene.outcomes[1]).to.match(/: c LOCKSTEP_HOLD_TIMEOUT$/);
  });

  for (const running of [false, true]) {
    it(`does not count a pause of the process, whose holder ${running ? 'runs' : 'is idle'}`, () => {
      const holder = scene.take('a');
      holder.running = running;
      scene.ask('b');
      scene.time.pass(STALL - 10);
      scene.time.freeze(12 * HOLD);
      scene.time.pass(STALL - 10);
      expect(scene.outcomes).to.deep.equal([]);
      scene.queue.release(holder);
      expect(scene.outcomes).to.deep.equal([`${12 * HOLD + 2 * STALL - 20}: b granted`]);
    });

    it(`does not count a pause of the app's thread, whose holder ${running ? 'runs' : 'is idle'}`, () => {
      const holder = scene.take('a');
      holder.running = running;
      scene.ask('b');
      scene.time.deaf = true;
      scene.time.pass(2 * HOLD);
      scene.time.hear();
      scene.time.pass(STALL - 1);
      expect(scene.outcomes).to.deep.equal([]);
      scene.queue.release(holder);
      expect(scene.outcomes).to.have.length(1);
    });

    it(`lets nobody fail while a debugger is attached, whose holder ${running ? 'runs' : 'stands still'}`, () => {
      const holder = scene.take('a');
      holder.running = running;
      scene.debugging = true;
      scene.time.deaf = !running;
      scene.ask('b');
      scene.time.pass(100 * HOLD);
      expect(scene.outcomes).to.deep.equal([]);
      scene.debugging = false;
      scene.time.hear();
      scene.time.pass(HOLD - 1);
      if (running) expect(scene.outcomes).to.deep.equal([]);
      scene.time.pass(1);
      expect(scene.outcomes).to.have.length(1);
    });
  }

  it('finds an idle holder behind a pause', () => {
    scene.take('a');
    scene.ask('b');
    scene.time.freeze(HOLD);
    scene.time.pass(STALL);
    expect(scene.outcomes).to.deep.equal([`${HOLD + STALL}: b LOCKSTEP_STALL`]);
  });

  it('gives up on an app that never answers', () => {
    scene.take('a');
    scene.ask('b');
    scene.time.deaf = true;
    scene.time.pass(2 * HOLD);
    scene.ask('c');
    expect(scene.outcomes).to.deep.equal([]);
    scene.time.pass(1000 + 2 * STALL);
    expect(scene.outcomes.map((outcome) => outcome.replace(/^\d+: /, ''))).to.deep.equal([
      'b LOCKSTEP_HOLD_TIMEOUT',
      'c LOCKSTEP_HOLD_TIMEOUT',
    ]);
    scene.time.hear();
    expect(scene.time.quiet).to.equal(true);
  });

  it('cancels without a word, and dismisses with one', () => {
    const holder = scene.take('a');
    const [b] = [scene.ask('b'), scene.ask('c')];
    scene.queue.cancel(b);
    scene.queue.dismiss(() => new Error('it is over'));
    scene.queue.release(holder);
    scene.time.pass(500);
    expect(scene.outcomes).to.deep.equal(['0: c it is over']);
  });

  it('sends nobody away twice, whatever is done by those who are', () => {
    scene.take('a');
    scene.queue.request(
      new Owner('b'),
      'select b',
      () => expect.fail('granted'),
      () => scene.queue.dismiss(() => new Error('over')),
    );
    scene.ask('c');
    scene.time.pass(STALL);
    expect(scene.outcomes).to.deep.equal([`${STALL}: c over`]);
  });

  describe('waited for in place', () => {
    const asker = new Owner('session');

    it('is there when the app has given it back', () => {
      const holder = scene.take('a');
      scene.queue.requestHere(asker, 'select 1', (done) => {
        expect(done()).to.equal(false);
        scene.queue.release(holder);
        return done();
      });
      expect(scene.queue.holder).to.equal(asker);
    });

    it('is refused by the clock of the queue, or when nothing is left that could help', () => {
      const holder = scene.take('a');
      const wait = (help: () => void): void =>
        scene.queue.requestHere(asker, 'select 1', (done) => {
          help();
          return done();
        });
      expect(() => wait(() => scene.time.pass(STALL))).to.throw(/^session cannot run "select 1": a has held/);
      expect(() => wait(() => undefined)).to.throw(/session cannot run/);
      holder.running = true;
      expect(() => wait(() => scene.time.pass(2 * HOLD))).to.throw(/longer than holdTimeout/);
      expect(scene.queue.size).to.equal(0);
      expect(scene.queue.holder).to.equal(holder);
    });

    it('does not stay with somebody who has left with an error of the app', () => {
      const holder = scene.take('a');
      const fail = (help: () => void): void =>
        scene.queue.requestHere(asker, 'select 1', () => {
          help();
          throw new Error('of the app');
        });
      expect(() => fail(() => undefined)).to.throw('of the app');
      expect(scene.queue.size).to.equal(0);
      expect(() => fail(() => scene.queue.release(holder))).to.throw('of the app');
      expect(scene.queue.holder).to.equal(undefined);
    });
  });

  it('serves in order, loses nobody, and refuses nobody whose holder had no time to go on', () => {
    const owner = fc.nat({ max: 4 });
    const step = fc.oneof(
      fc.record({ do: fc.constantFrom('ask', 'ask', 'ask', 'release', 'cancel', 'run', 'rest', 'dismiss'), owner }),
      fc.record({ do: fc.constant('pass'), by: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ do: fc.constantFrom('freeze', 'deafen'), by: fc.integer({ min: 200, max: 30_000 }) }),
    );

    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const model = new Model();
        for (const one of steps) model.play(one);
        model.finish();
      }),
      { numRuns: 500 },
    );
  });
});

interface Step {
  readonly do: string;
  readonly owner?: number;
  readonly by?: number;
}

/** What the queue should do: whoever is first has the turn. */
class Model {
  readonly #scene = new Scene();
  readonly #owners = ['a', 'b', 'c', 'd', 'e'].map((name) => new Owner(name));
  #line: Owner[] = [];
  readonly #asked = new Map<Owner, number>();
  /** End of the last pause. */
  #woken = 0;
  /** Milliseconds for which the holder has kept others waiting while it could go on, and in how many pauses it could not. */
  #kept = 0;
  #pauses = 0;

  play({ do: action, owner: index = 0, by = 0 }: Step): void {
    const { queue, time } = this.#scene;
    const owner = this.#owners[index] as Owner;
    const [holder] = this.#line;

    switch (action) {
      case 'ask':
        if (!this.#line.includes(owner)) this.#ask(owner);
        break;
      case 'release':
        if (holder !== undefined) this.#release(holder);
        break;
      case 'cancel':
        if (this.#line.indexOf(owner) > 0) this.#leave(owner);
        queue.cancel(owner);
        break;
      case 'dismiss':
        queue.dismiss(() => new Error('dismissed'));
        this.#line.length = Math.min(this.#line.length, 1);
        break;
      case 'run':
        if (holder !== undefined) holder.running = true;
        break;
      case 'rest':
        if (holder?.running === true) holder.idleSince = time.now;
        if (holder !== undefined) holder.running = false;
        break;
      case 'pass':
        this.#pass(by);
        break;
      case 'freeze':
        this.#pauses += 1;
        this.#woken = time.now + by;
        time.freeze(by);
        break;
      case 'deafen':
        this.#pauses += 1;
        time.deaf = true;
        // Before it is given up; how much of the first stretch the app could go on is not known.
        this.#kept += 100;
        this.#pass(Math.min(by, 2 * HOLD), false);
        this.#woken = time.now;
        time.hear();
        break;
    }
    this.#compare();
  }

  /** The holder goes away, and each gets what it asked for; or it stays, and none of them waits for ever. */
  finish(): void {
    const { queue, time } = this.#scene;
    const [holder] = this.#line;
    if (holder !== undefined) holder.running = true;
    this.#pass(3 * HOLD);
    this.#compare();
    expect(queue.size).to.equal(0);
    expect(time.quiet).to.equal(true);
  }

  #ask(owner: Owner): void {
    const { queue, time } = this.#scene;
    this.#line.push(owner);
    owner.running = false;
    if (queue.tryTake(owner)) {
      owner.since = owner.idleSince = time.now;
      return;
    }
    this.#asked.set(owner, time.now);
    queue.request(
      owner,
      'select 1',
      () => {
        expect(this.#line[0], 'who is served').to.equal(owner);
        owner.since = owner.idleSince = time.now;
      },
      (error) => this.#refused(owner, error),
    );
  }

  #release(holder: Owner): void {
    this.#line.shift();
    this.#kept = this.#pauses = 0;
    this.#scene.queue.release(holder);
  }

  #refused(owner: Owner, error: Error): void {
    const { time } = this.#scene;
    const [holder] = this.#line;
    expect(this.#line.indexOf(owner), 'who is refused waits').to.be.greaterThan(0);
    if (error.message === 'dismissed') return;

    this.#leave(owner);
    if ('code' in error && error.code === 'LOCKSTEP_STALL') {
      const from = Math.max(this.#asked.get(owner) ?? 0, holder?.idleSince ?? 0, this.#woken);
      expect(holder?.running, 'stalls').to.equal(false);
      expect(time.now - from, 'idle for').to.be.at.least(STALL);
    } else {
      expect(error).to.have.property('code', 'LOCKSTEP_HOLD_TIMEOUT');
      // Of a stretch with a pause in it, its length counts.
      expect(this.#kept + 100 * this.#pauses, 'kept for').to.be.at.least(HOLD);
    }
  }

  #leave(owner: Owner): void {
    this.#line = this.#line.filter((other) => other !== owner);
  }

  /** Time passes, a millisecond at a time, so that it is known what was counted when somebody is refused. */
  #pass(milliseconds: number, counted = true): void {
    for (let passed = 0; passed < milliseconds; passed += 1) {
      if (counted && this.#line.length > 1) this.#kept += 1;
      this.#scene.time.pass(1);
    }
  }

  #compare(): void {
    const { queue } = this.#scene;
    expect(queue.holder).to.equal(this.#line[0]);
    expect(queue.waiting.map(({ owner }) => owner)).to.deep.equal(this.#line.slice(1));
    expect(queue.size).to.equal(Math.max(0, this.#line.length - 1));
  }
}
