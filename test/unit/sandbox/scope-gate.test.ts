import { expect } from 'chai';
import fc from 'fast-check';
import { type GatedConnection, ScopeGate } from '#src/sandbox/scope-gate.js';
import { VirtualTransaction } from '#src/sandbox/virtual-transaction.js';
import type { EndedOwner, LateStatement, ScopeName } from '#src/sandbox/vocabulary.js';
import { classify } from '#src/sql/classify.js';

class Connection implements GatedConnection {
  readonly name: string;
  readonly transaction: VirtualTransaction;
  lastSql: string | undefined;

  constructor(name: string) {
    this.name = name;
    this.transaction = new VirtualTransaction(name, 'sqlite');
  }

  reset(): void {
    this.transaction.reset();
  }
}

const layer = (title: string): ScopeName => ({ kind: 'layer', title });
const test = (title: string): ScopeName => ({ kind: 'test', title });

describe('the gate of the scopes', () => {
  let gate: ScopeGate<Connection>;
  let app: Connection;
  let refused: LateStatement[];

  beforeEach(() => {
    refused = [];
    gate = new ScopeGate((late) => void refused.push(late));
    app = new Connection('app');
  });

  /** Sends a statement, as an engine does; gives the first line of what it is refused with. */
  const send = (connection: Connection, sql: string, sentIn?: number, owner?: EndedOwner): string | undefined => {
    const effect = classify(sql, 'sqlite');
    connection.lastSql = sql;
    const refusal = gate.admit(connection, [effect], { sentIn, owner });
    if (refusal !== undefined) return refusal.message.split('\n', 1)[0];
    connection.transaction.done(connection.transaction.plan(effect));
    return undefined;
  };
  /** Ends the innermost scope, as an engine does. */
  const end = (...open: readonly Connection[]): void => {
    gate.rest();
    for (const connection of open) gate.cut(connection);
    gate.end();
  };

  it('is open in the setup and in scopes, and shut between them', () => {
    expect(gate.settingUp).to.equal(true);
    expect(send(app, 'SELECT 1')).to.equal(undefined);
    gate.begin(layer('a layer'));
    gate.begin(test('a test'));
    expect(gate.settingUp).to.equal(false);
    expect(send(app, 'SELECT 1')).to.equal(undefined);
    end();
    expect(send(app, 'SELECT 1')).to.equal('app sent "SELECT 1" after "a test" had ended.');
    gate.resume();
    expect(send(app, 'SELECT 1')).to.equal(undefined);
    end();
    gate.resume();
    expect(send(app, 'SELECT 2')).to.equal('app sent "SELECT 2" after "a layer" had ended.');
  });

  it('names the scope that is open, or has ended last', () => {
    expect(gate.title).to.equal(undefined);
    gate.begin(layer('a layer'));
    gate.begin(test('a test'));
    expect(gate.title).to.equal('a test');
    end();
    expect(gate.title).to.equal('a layer');
    end();
    expect(gate.title).to.equal('a layer');
  });

  it('refuses what was sent in another scope, or between two', () => {
    gate.begin(test('the first'));
    const first = gate.epoch;
    expect(send(app, 'SELECT 1', first)).to.equal(undefined);
    end();
    const between = gate.epoch;
    gate.begin(test('the second'));
    for (const sentIn of [first, between])
      expect(send(app, 'SELECT 1', sentIn)).to.equal('app sent "SELECT 1" after "the first" had ended.');
    expect(send(app, 'SELECT 1', gate.epoch)).to.equal(undefined);
  });

  it('lets in what was sent in the setup, when the first scope has begun meanwhile', () => {
    const setup = gate.epoch;
    gate.begin(test('the first'));
    expect(send(app, 'SELECT 1', setup)).to.equal(undefined);
  });

  it('refuses a cut connection until it has ended its transaction', () => {
    gate.begin(test('the first'));
    send(app, 'BEGIN');
    send(app, 'INSERT INTO t VALUES (1)');
    end(app);
    gate.begin(test('the second'));
    expect(gate.isCut(app)).to.equal(true);
    expect(gate.cutConnections()).to.deep.equal([
      { connection: 'app', title: 'the first', lastSql: 'INSERT INTO t VALUES (1)' },
    ]);
    for (const sql of ['SELECT 1', 'SAVEPOINT a', 'RELEASE a', 'COMMIT'])
      expect(send(app, sql)).to.match(/after "the first" had ended, in the transaction that this test left open\.$/);
    expect(gate.cutConnections()).to.deep.equal([]);
    expect(send(app, 'SELECT 1')).to.equal(undefined);
  });

  it('gives a cut connection to whoever begins a transaction, unless that was sent before', () => {
    gate.begin(test('the first'));
    const first = gate.epoch;
    send(app, 'BEGIN');
    send(app, 'SAVEPOINT a');
    end(app);
    gate.begin(test('the second'));
    expect(send(app, 'BEGIN', first)).to.match(/left open/);
    expect(gate.isCut(app)).to.equal(true);
    expect(send(app, 'BEGIN')).to.equal(undefined);
    expect(gate.isCut(app)).to.equal(false);
    expect(app.transaction.depth).to.equal(1);
  });

  it('refuses a cut connection between two scopes as well', () => {
    gate.begin(test('the first'));
    send(app, 'BEGIN');
    end(app);
    expect(send(app, 'SELECT 1')).to.match(/left open/);
    expect(send(app, 'BEGIN')).to.equal('app sent "BEGIN" after "the first" had ended.');
  });

  it('cuts nobody who has no transaction, and forgets who is closed', () => {
    gate.begin(test('the first'));
    gate.cut(app);
    expect(gate.isCut(app)).to.equal(false);
    send(app, 'BEGIN');
    end(app);
    gate.forget(app);
    expect(gate.isCut(app)).to.equal(false);
  });

  it('tells a connection that was cut for a loss of that loss, and lists it with none of the others', () => {
    const lost = new Error('the server is gone');
    gate.begin(test('the first'));
    send(app, 'BEGIN');
    gate.cut(app, lost);
    expect(send(app, 'SELECT 1')).to.equal('the server is gone');
    expect(gate.isCut(app)).to.equal(true);
    expect(gate.cutConnections()).to.deep.equal([]);
  });

  it('says whose work is lost, and reports it at the end of the scope', () => {
    gate.begin(layer('a layer'));
    gate.layers.touch();
    gate.begin(test('a test'));
    gate.layers.touch();
    const error = gate.lose((gone) => new Error(gone.map(({ title }) => title).join()));
    expect(error.message).to.equal('a layer,a test');
    gate.lose(() => new Error('a second one'));
    expect(gate.layers.real).to.equal(false);
    expect(gate.lost.take()).to.equal(error);
  });

  it('reports what is lost between two scopes only if somebody builds on it', () => {
    gate.begin(test('a test'));
    gate.layers.touch();
    end();
    gate.lose(() => new Error('nothing was there'));
    expect(gate.lost.take()).to.equal(undefined);

    gate.begin(layer('a layer'));
    gate.layers.touch();
    gate.rest();
    const error = gate.lose(() => new Error('the fixtures are gone'));
    expect(gate.lost.takeOpen()).to.equal(error);
  });

  it('lets a scope fail, and nobody else', () => {
    const error = new Error('unreachable');
    gate.fail(error);
    expect(gate.lost.take()).to.equal(undefined);
    gate.begin(test('a test'));
    gate.fail(error);
    expect(gate.lost.take()).to.equal(error);
  });

  it('is closed for good, or until it is opened for another run', () => {
    gate.begin(layer('a layer'));
    gate.begin(test('a test'));
    gate.layers.touch();
    send(app, 'BEGIN');
    const before = gate.epoch;
    gate.close();
    expect(gate.closed).to.equal(true);
    expect(gate.layers.current).to.equal(undefined);
    expect(gate.layers.real).to.equal(false);
    expect(send(app, 'SELECT 1')).to.match(/had ended\.$/);
    gate.reopen();
    expect(gate.settingUp).to.equal(true);
    expect(send(new Connection('other'), 'SELECT 1', before)).to.match(/had ended\.$/);
    expect(send(new Connection('other'), 'SELECT 1')).to.equal(undefined);
  });

  it('refuses what is of a scope that has ended, in the course of a later one, and tells of it', () => {
    const owner = { title: 'an early test', advice: 'Write sync(a()).' };
    expect(send(app, 'SELECT 1', undefined, owner)).to.equal(undefined);
    gate.begin(test('a test'));
    expect(send(app, 'SELECT 1', undefined, owner)).to.equal('app sent "SELECT 1" after "an early test" had ended.');
    expect(refused).to.deep.equal([{ ...owner, connection: 'app', sql: 'SELECT 1' }]);
    expect(send(app, 'SELECT 1')).to.equal(undefined);

    send(app, 'BEGIN');
    end(app);
    gate.begin(test('another'));
    // It does not make new what its end has cut.
    expect(send(app, 'BEGIN', undefined, owner)).to.match(/in the transaction that this test left open/);
    expect(gate.isCut(app)).to.equal(true);
    expect(send(app, 'BEGIN')).to.equal(undefined);
    expect(refused).to.have.length(1);
  });

  it('lets nothing of a scope into another, whatever happens', () => {
    const step = fc.record({
      action: fc.constantFrom('begin', 'end', 'send', 'send', 'send', 'arrive'),
      owner: fc.nat({ max: 2 }),
      sql: fc.constantFrom('BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT a', 'RELEASE a', 'INSERT INTO t VALUES (1)'),
    });

    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        gate = new ScopeGate((late) => void refused.push(late));
        gate.begin(test('0'));
        const owners = ['a', 'b', 'c'].map((name) => new Connection(name));
        let scope: string | undefined = '0';
        /** The scope in which each connection has begun its transaction, and statements that are on their way. */
        const began = new Map<Connection, string>();
        const sent: { owner: Connection; sql: string; scope: string | undefined; epoch: number }[] = [];
        let scopes = 0;

        for (const { action, owner: index, sql } of steps) {
          const owner = owners[index] as Connection;
          if (action === 'begin' && scope === undefined) gate.begin(test((scope = String((scopes += 1)))));
          else if (action === 'end' && scope !== undefined) {
            scope = undefined;
            end(...owners);
          } else if (action === 'send') sent.push({ owner, sql, scope, epoch: gate.epoch });
          else if (action === 'arrive') {
            const at = sent.findIndex((one) => one.owner === owner);
            const [one] = at < 0 ? [] : sent.splice(at, 1);
            if (one === undefined) continue;
            const wasOpen = owner.transaction.open;
            const refused = send(owner, one.sql, one.epoch) !== undefined;

            if (!refused) expect(one.scope, 'is of the scope that is open').to.equal(scope);
            if (!refused && wasOpen && one.sql !== 'BEGIN') expect(began.get(owner)).to.equal(scope);
            if (!refused && scope !== undefined && (!wasOpen || one.sql === 'BEGIN')) began.set(owner, scope);
            // Nobody is refused for ever: what is new in an open scope is let in.
            if (scope !== undefined && one.scope === scope && !wasOpen) expect(refused).to.equal(false);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
