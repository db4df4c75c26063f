import { expect } from 'chai';
import { failureOf, type LoggedStatement, StatementLog } from '#src/sandbox/statement-log.js';
import { VirtualTransaction } from '#src/sandbox/virtual-transaction.js';
import { classify } from '#src/sql/classify.js';

function statement(sql: string): LoggedStatement {
  return { connection: 'session', sql, at: 1, duration: 1, rows: 0, transaction: undefined, error: undefined };
}

function filled(count: number): StatementLog {
  const log = new StatementLog();
  for (let number = 0; number < count; number += 1) log.add(statement(String(number)));
  return log;
}

describe('the log of a sandbox', () => {
  for (const [count, from, first, many] of [
    [0, 0, 0, 0],
    [3, 0, 0, 3],
    [3, 2, 2, 1],
    [3, 3, 3, 0],
    [3, 9, 3, 0],
    [1000, 0, 0, 1000],
    [1001, 0, 1, 1000],
    [1500, 1400, 1400, 100],
    [1500, 700, 700, 800],
    [2500, 10, 1500, 1000],
  ] as const) {
    it(`of ${count} statements gives those from ${from} on, as far as it keeps them`, () => {
      const log = filled(count);
      const { first: number, events } = log.since(from);

      expect([log.count, number, events.length]).to.deep.equal([count, first, many]);
      expect(events.map(({ sql }) => sql)).to.deep.equal(
        Array.from({ length: many }, (_, place) => String(first + place)),
      );
    });
  }

  it('gives back what it keeps, so that it can be added to', () => {
    const log = new StatementLog<{ rows: number } & LoggedStatement>();
    const kept = log.add({ ...statement('x'.repeat(5000)), rows: 1 });
    kept.rows += 1;

    const [found] = log.since(0).events;
    expect(found).to.equal(kept).and.to.include({ rows: 2 });
    expect(found?.sql).to.equal(`${'x'.repeat(4000)}… (5000 characters)`);
  });

  it('keeps of an error what can be told', () => {
    expect(failureOf(Object.assign(new Error('no'), { code: '23505' }))).to.deep.equal({
      code: '23505',
      message: 'no',
    });
    expect(failureOf(Object.assign(new Error('no'), { code: 5 }))).to.deep.equal({ code: undefined, message: 'no' });
    expect(failureOf('text')).to.deep.equal({ code: undefined, message: 'text' });
  });
});

describe('the number of a virtual transaction', () => {
  for (const dialect of ['sqlite', 'postgres'] as const) {
    it(`counts those that were begun (${dialect})`, () => {
      const transaction = new VirtualTransaction('a', dialect);
      const numbers = [
        'BEGIN',
        'SAVEPOINT a',
        'RELEASE a',
        'COMMIT',
        'COMMIT',
        'BEGIN',
        'SELECT 1',
        'ROLLBACK',
        'BEGIN',
      ].map((sql) => {
        transaction.done(transaction.plan(classify(sql, dialect)));
        return transaction.number;
      });

      expect(numbers).to.deep.equal([1, 1, 1, undefined, undefined, 2, 2, undefined, 3]);
    });
  }

  it('is another one behind COMMIT AND CHAIN, and none behind a reset', () => {
    const transaction = new VirtualTransaction('a', 'postgres');
    for (const sql of ['BEGIN', 'COMMIT AND CHAIN']) transaction.done(transaction.plan(classify(sql, 'postgres')));
    expect(transaction.number).to.equal(2);
    transaction.fail();
    expect(transaction.number).to.equal(2);
    transaction.reset();
    expect(transaction.number).to.equal(undefined);
  });

  it("is there for SQLite's savepoint outside of a transaction", () => {
    const transaction = new VirtualTransaction('a', 'sqlite');
    const numbers = ['SAVEPOINT a', 'RELEASE a', 'SAVEPOINT b'].map((sql) => {
      transaction.done(transaction.plan(classify(sql, 'sqlite')));
      return transaction.number;
    });
    expect(numbers).to.deep.equal([1, undefined, 2]);
  });
});
