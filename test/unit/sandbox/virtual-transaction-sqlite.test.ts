import Database from 'better-sqlite3';
import { expect } from 'chai';
import fc from 'fast-check';
import { VirtualTransaction } from '#src/sandbox/virtual-transaction.js';
import { classify } from '#src/sql/classify.js';

/** Runs one statement of a client; returns the error as `CODE: message`. */
type Run = (sql: string) => string | undefined;

function errorOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

/** A client of the sandbox, as thin as an engine can be. */
function sandboxed(database: Database.Database, name: string): { run: Run; transaction: VirtualTransaction } {
  const transaction = new VirtualTransaction(name, 'sqlite');

  const run: Run = (sql) => {
    const plan = transaction.plan(classify(sql, 'sqlite'));
    if (plan.kind === 'reject') return `${plan.code}: ${plan.message}`;

    const send = plan.kind === 'forward' ? [sql] : plan.kind === 'notice' ? [] : plan.send;
    const error = errorOf(() => send.forEach((statement) => database.exec(statement)));
    if (error === undefined) transaction.done(plan);
    return error;
  };
  return { run, transaction };
}

describe('virtual transaction on SQLite', () => {
  const name = fc.constantFrom('a', 'A', '"b"', '[a b]');
  const statement = fc.oneof(
    { weight: 3, arbitrary: fc.nat({ max: 20 }).map((id) => `insert into work values (${id})`) },
    { weight: 1, arbitrary: fc.nat({ max: 20 }).map((id) => `insert or fail into work values (${id}), (${id})`) },
    { weight: 2, arbitrary: fc.constantFrom('BEGIN', 'BEGIN IMMEDIATE') },
    { weight: 2, arbitrary: fc.constantFrom('COMMIT', 'END TRANSACTION', 'ROLLBACK', 'ROLLBACK TRANSACTION') },
    { weight: 3, arbitrary: name.map((of) => `SAVEPOINT ${of}`) },
    { weight: 2, arbitrary: name.map((of) => `RELEASE ${of}`) },
    { weight: 2, arbitrary: name.map((of) => `ROLLBACK TO ${of}`) },
  );

  let plain: Database.Database;
  let real: Database.Database;

  before(() => {
    [plain, real] = [new Database(':memory:'), new Database(':memory:')];
    for (const database of [plain, real]) database.exec('create table work (id integer primary key)');
  });

  after(() => {
    plain.close();
    real.close();
  });

  it('has the rows and errors of a connection of its own, and never leaves the outer transaction', () => {
    const rows = [plain, real].map((database) => database.prepare('select id from work order by id').pluck());

    fc.assert(
      fc.property(fc.array(statement, { maxLength: 30 }), (script) => {
        plain.exec('delete from work');
        real.exec('BEGIN');
        const { run, transaction } = sandboxed(real, 'app');

        try {
          for (const sql of script) {
            expect(run(sql), sql).to.equal(errorOf(() => plain.exec(sql)));
            expect(transaction.open, sql).to.equal(plain.inTransaction);
            expect(rows[1]?.all(), sql).to.deep.equal(rows[0]?.all());
            expect(real.inTransaction, sql).to.equal(true);
          }
        } finally {
          real.exec('ROLLBACK');
          if (plain.inTransaction) plain.exec('ROLLBACK');
        }
        expect(rows[1]?.all()).to.deep.equal([]);
      }),
      { numRuns: 250 },
    );
  });

  it('keeps two clients apart that take turns', () => {
    real.exec('BEGIN');
    const [first, second] = [sandboxed(real, 'app 1'), sandboxed(real, 'app_1')];

    for (const sql of ['BEGIN', 'insert into work values (1)', 'COMMIT']) expect(first.run(sql)).to.equal(undefined);
    for (const sql of ['BEGIN', 'insert into work values (2)', 'ROLLBACK']) expect(second.run(sql)).to.equal(undefined);
    expect(real.prepare('select id from work').pluck().all()).to.deep.equal([1]);
    real.exec('ROLLBACK');
  });
});
