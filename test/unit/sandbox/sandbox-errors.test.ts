import { expect } from 'chai';
import { cutError, leakError, sandboxLostError, stragglerError } from '#src/sandbox/scope-errors.js';
import { shortSql } from '#src/sandbox/short-sql.js';
import { holdTimeoutError, stallError, type TurnInfo } from '#src/sandbox/stall.js';

const holder: TurnInfo = {
  connection: 'sqlite3 connection 1',
  lastSql: 'update a set b = 1',
  since: 1000,
  idleSince: 1100,
};
const waiter = { connection: 'sqlite3 connection 2', sql: `select ${'x, '.repeat(100)}` };

describe('errors of the sandbox', () => {
  it('name both sides of a stall, the cause and the remedy', () => {
    for (const reason of ['timeout', 'blocked'] as const) {
      const { message, code } = stallError(waiter, holder, 1600, reason);
      expect(code).to.equal('LOCKSTEP_STALL');
      for (const part of ['connection 1', 'connection 2', 'update a set b = 1', '600 ms', '500 ms', "trx('x')"]) {
        expect(message).to.include(part);
      }
      expect(message).not.to.include(waiter.sql);
    }
    expect(stallError(waiter, { ...holder, idleSince: undefined }, 1600, 'timeout').message).to.include('is running');
    expect(stallError(waiter, { ...holder, lastSql: undefined }, 1600, 'blocked').message).to.include('(no SQL yet)');
  });

  it('do not blame the app for transactions that would overlap on a server', () => {
    const plain = { connection: 'postgres connection 2', sql: 'select 1' };
    for (const [one, other] of [
      [{ ...plain, inTransaction: true }, holder],
      [{ ...plain, sql: 'select * from jobs limit 1 FOR UPDATE SKIP LOCKED' }, holder],
      [{ ...plain, sql: 'select pg_advisory_xact_lock(1)' }, holder],
      [plain, { ...holder, lastSql: 'select * from jobs for no key update nowait' }],
    ] as const) {
      const { message } = stallError(one, other, 1600, 'timeout');
      for (const part of ['would overlap', 'stallTimeout', 'a real database']) expect(message).to.include(part);
      expect(message).not.to.include('forgot');
    }
    expect(stallError(plain, holder, 1600, 'timeout').message).to.include('forgot');
  });

  it('name the holder that kept the database too long', () => {
    const { message, code } = holdTimeoutError(holder, 6000, 4000);
    expect(code).to.equal('LOCKSTEP_HOLD_TIMEOUT');
    for (const part of ['connection 1', '5000 ms', '4000 ms', 'update a']) expect(message).to.include(part);
  });

  it('name the test that a straggler missed', () => {
    expect(stragglerError('c', 'select 1', 'suite works').message).to.include('after "suite works" had ended');
    expect(stragglerError('c', 'select 1', undefined).message).to.include('before any test');
  });

  it('name the test whose transaction a straggler believes in', () => {
    const { message, code } = cutError('c', 'select 1', 'suite works');
    expect(code).to.equal('LOCKSTEP_STRAGGLER');
    expect(message).to.match(/after "suite works" had ended, in the transaction that this test left open/);
    expect(message).to.match(/Mend "suite works": .* before it gives the connection back to its pool/);
    expect(cutError('c', 'select 1', '').message).to.include('Mend an earlier test');
  });

  it('list all that leaked', () => {
    const { message } = leakError(
      'suite works',
      [
        { kind: 'transaction', connection: 'c1', lastSql: 'insert 1', idle: true },
        { kind: 'statement', connection: 'c2', lastSql: 'select 2', idle: false },
      ],
      50,
    );
    for (const part of ['suite works', '50 ms', 'c1', 'insert 1', 'c2 is running "select 2"'])
      expect(message).to.include(part);
  });

  it('name the statement that lost the sandbox', () => {
    const { message } = sandboxLostError('insert or rollback into a values (1)', 'c1', 'suite works');
    for (const part of ['insert or rollback', 'c1', 'suite works']) expect(message).to.include(part);
  });

  it('quote SQL in one short line', () => {
    expect(shortSql('select\n  1')).to.equal('select 1');
    expect(shortSql('x'.repeat(5000))).to.have.lengthOf(120);
    expect(shortSql(`x${' '.repeat(5000)}y`)).to.equal('x…');
  });
});
