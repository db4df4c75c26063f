import { expect } from 'chai';
import { Queue, type Waiter } from '#src/engine/postgres/relay/queue.js';

class Owner implements Waiter {
  readonly name: string;
  lastSql = 'select 1';
  since = 0;
  idleSince = 0;
  running = false;

  constructor(name: string) {
    this.name = name;
  }
}

/** A queue with a clock that is set by hand. */
function scene(alive = true): {
  queue: Queue<Owner>;
  outcomes: string[];
  counts: number[];
  wait: (owner: Owner) => void;
  pass: (milliseconds: number) => void;
} {
  let now = 0;
  let timers: { at: number; run: () => void }[] = [];
  const outcomes: string[] = [];
  const counts: number[] = [];
  const clock = {
    now: () => now,
    after: (delay: number, run: () => void) => {
      const timer = { at: now + delay, run };
      timers.push(timer);
      return () => void (timers = timers.filter((other) => other !== timer));
    },
  };
  const queue = new Queue<Owner>(
    { stallTimeout: 100, holdTimeout: 1000 },
    clock,
    (answer) => (alive ? answer() : undefined),
    (waiting) => counts.push(waiting),
  );
  return {
    queue,
    outcomes,
    counts,
    wait: (owner) =>
      queue.wait(
        owner,
        `select ${owner.name}`,
        () => {
          owner.since = owner.idleSince = now;
          outcomes.push(`${now}: ${owner.name} granted`);
        },
        (error) => outcomes.push(`${now}: ${owner.name} ${'code' in error ? String(error.code) : error.message}`),
      ),
    pass: (milliseconds) => {
      const end = now + milliseconds;
      for (;;) {
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = next.at;
        next.run();
      }
      now = end;
    },
  };
}

describe('the queue before the connection', () => {
  it('serves in order and says how many wait', () => {
    const { queue, outcomes, counts, wait } = scene();
    const [a, b, c] = [new Owner('a'), new Owner('b'), new Owner('c')];
    queue.turns.tryTake(a);
    wait(b);
    wait(c);
    queue.turns.release(a);
    queue.turns.release(b);
    expect(outcomes).to.deep.equal(['0: b granted', '0: c granted']);
    expect(counts).to.deep.equal([1, 2, 1, 0]);
  });

  it('sends everybody away who waits for a holder that is idle', () => {
    const { queue, outcomes, wait, pass } = scene();
    queue.turns.tryTake(new Owner('a'));
    wait(new Owner('b'));
    pass(50);
    wait(new Owner('c'));
    pass(200);
    expect(outcomes).to.deep.equal(['100: b LOCKSTEP_STALL', '150: c LOCKSTEP_STALL']);
    expect(queue.waiting).to.deep.equal([]);
  });

  it('is patient with a holder that runs, up to the hold timeout', () => {
    const { queue, outcomes, wait, pass } = scene();
    const holder = new Owner('a');
    holder.running = true;
    queue.turns.tryTake(holder);
    wait(new Owner('b'));
    pass(999);
    expect(outcomes).to.deep.equal([]);
    pass(101);
    expect(outcomes).to.have.lengthOf(1);
    expect(outcomes[0]).to.match(/: b LOCKSTEP_HOLD_TIMEOUT$/);
  });

  it('blames nobody while the app’s thread is blocked, but gives up in the end', () => {
    const { queue, outcomes, wait, pass } = scene(false);
    queue.turns.tryTake(new Owner('a'));
    wait(new Owner('b'));
    pass(900);
    expect(outcomes).to.deep.equal([]);
    pass(900);
    expect(outcomes).to.have.lengthOf(1);
  });

  it('forgets without a word, and dismisses with one', () => {
    const { queue, outcomes, wait, pass } = scene();
    const [a, b, c] = [new Owner('a'), new Owner('b'), new Owner('c')];
    queue.turns.tryTake(a);
    wait(b);
    wait(c);
    queue.forget(b);
    queue.dismiss(() => new Error('it is over'));
    queue.turns.release(a);
    pass(500);
    expect(outcomes).to.deep.equal(['0: c it is over']);
  });
});
