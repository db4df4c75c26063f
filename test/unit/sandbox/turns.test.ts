import { expect } from 'chai';
import fc from 'fast-check';
import { type Ticket, Turns } from '#src/sandbox/turns.js';

interface Connection {
  readonly name: string;
}

const [a, b, c] = [{ name: 'a' }, { name: 'b' }, { name: 'c' }] as const;

describe('turns', () => {
  it('are handed over first in, first out', () => {
    const turns = new Turns<Connection>();
    const served: string[] = [];

    expect(turns.tryTake(a)).to.equal(true);
    expect(turns.tryTake(a)).to.equal(true);
    expect(turns.tryTake(b)).to.equal(false);
    for (const owner of [b, c]) turns.enqueue(owner, () => served.push(owner.name));
    expect(turns.waiting).to.deep.equal([b, c]);

    turns.release(a);
    expect(served).to.deep.equal(['b']);
    expect(turns.holder).to.equal(b);
    turns.release(b);
    turns.release(c);
    expect(served).to.deep.equal(['b', 'c']);
    expect(turns.holder).to.equal(undefined);
  });

  it('are granted at once when free, and may be released while they are granted', () => {
    const turns = new Turns<Connection>();
    const served: string[] = [];

    const ticket = turns.enqueue(a, () => served.push('a'));
    expect(ticket.state).to.equal('granted');
    for (const owner of [b, c]) {
      turns.enqueue(owner, () => {
        served.push(owner.name);
        turns.release(owner);
      });
    }
    turns.release(a);
    expect(served).to.deep.equal(['a', 'b', 'c']);
    expect(turns.holder).to.equal(undefined);
  });

  it('can be given up while waiting, once', () => {
    const turns = new Turns<Connection>();
    turns.tryTake(a);
    const ticket = turns.enqueue(b, () => expect.fail('withdrawn'));

    expect(turns.withdraw(ticket)).to.equal(true);
    expect(turns.withdraw(ticket)).to.equal(false);
    expect(ticket.state).to.equal('withdrawn');
    turns.release(a);
    expect(turns.holder).to.equal(undefined);
  });

  it('are dropped all together', () => {
    const turns = new Turns<Connection>();
    turns.tryTake(a);
    const ticket = turns.enqueue(b, () => expect.fail('dropped'));

    expect(turns.clear()).to.deep.equal([b]);
    expect(ticket.state).to.equal('withdrawn');
    expect(turns.tryTake(c)).to.equal(true);
  });

  it('refuse what only a programming error asks for', () => {
    const turns = new Turns<Connection>();
    expect(() => turns.release(a)).to.throw('does not hold');

    turns.tryTake(a);
    expect(() => turns.release(b)).to.throw('does not hold');
    expect(() => turns.enqueue(a, () => undefined)).to.throw('cannot wait for it');
    turns.enqueue(b, () => undefined);
    expect(() => turns.enqueue(b, () => undefined)).to.throw('waits already');
  });

  it('have one holder, keep the order and lose nobody', () => {
    const step = fc.record({
      owner: fc.nat({ max: 4 }),
      action: fc.constantFrom('take', 'take', 'withdraw', 'release', 'clear'),
    });

    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const owners = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name }));
        const turns = new Turns<Connection>();
        const tickets = new Map<Connection, Ticket>();
        // The model: whoever is first has the turn.
        let line: Connection[] = [];

        for (const { owner: index, action } of steps) {
          const owner = owners[index] ?? a;

          if (action === 'take' && !line.includes(owner)) {
            line.push(owner);
            if (!turns.tryTake(owner))
              tickets.set(
                owner,
                turns.enqueue(owner, () => expect(turns.holder).to.equal(owner)),
              );
          } else if (action === 'withdraw' && tickets.has(owner)) {
            const waits = line.indexOf(owner) > 0;
            expect(turns.withdraw(tickets.get(owner) as Ticket)).to.equal(waits);
            if (waits) line = line.filter((other) => other !== owner);
          } else if (action === 'release' && line[0] !== undefined) {
            turns.release(line[0]);
            line.shift();
          } else if (action === 'clear') {
            expect(turns.clear()).to.deep.equal(line.slice(1));
            line = [];
          }

          expect(turns.holder).to.equal(line[0]);
          expect(turns.waiting).to.deep.equal(line.slice(1));
        }
      }),
      { numRuns: 300 },
    );
  });
});
