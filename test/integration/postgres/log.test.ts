import { expect } from 'chai';
import type pg from 'pg';
import Cursor from 'pg-cursor';
import type { StatementEvent } from '#src/engine/engine.js';
import { connected, inTest, useSandbox } from './sandbox.js';

const SCHEMA = `
  CREATE TABLE item (id int PRIMARY KEY, owner int);
  ALTER TABLE item ADD CONSTRAINT known FOREIGN KEY (owner) REFERENCES item (id) DEFERRABLE INITIALLY DEFERRED`;

describe('postgres: the log', () => {
  const at = useSandbox('log_test', SCHEMA);
  let client: pg.Client;

  before(async () => (client = await connected(at().url)));
  after(() => client.end());

  /** What the log has of the work. */
  async function logged(work: () => Promise<unknown>): Promise<readonly StatementEvent[]> {
    const { log } = at().sandbox;
    const from = log.count;
    await inTest(at(), work);

    const { first, events } = log.since(from);
    expect(first).to.equal(from);
    expect(events).to.have.length(log.count - from);
    return events;
  }

  function told(events: readonly StatementEvent[]): (readonly [string, number, string | undefined])[] {
    return events.map(({ sql, rows, error }) => [sql, rows, error?.code]);
  }

  it('has a cursor once, with the rows that were read of it', async () => {
    const events = await logged(async () => {
      const whole = client.query(new Cursor('SELECT generate_series(1, 5)'));
      expect(await whole.read(2)).to.have.length(2);
      expect(await whole.read(2)).to.have.length(2);
      expect(await whole.read(2)).to.have.length(1);
      await whole.close();
      const part = client.query(new Cursor('SELECT generate_series(1, 9)'));
      expect(await part.read(4)).to.have.length(4);
      await part.close();
    });

    expect(told(events)).to.deep.equal([
      ['SELECT generate_series(1, 5)', 5, undefined],
      ['SELECT generate_series(1, 9)', 4, undefined],
    ]);
  });

  it('has a statement once whose deferred constraint fails at its own commit', async () => {
    const simple = 'INSERT INTO item VALUES (1, 7)';
    const extended = 'INSERT INTO item VALUES ($1, $2)';
    const events = await logged(async () => {
      await client.query(simple).catch(() => undefined);
      await client.query(extended, [1, 7]).catch(() => undefined);
    });

    expect(told(events)).to.deep.equal([
      [simple, 0, '23503'],
      [extended, 0, '23503'],
    ]);
  });

  it('has the COMMIT that fails, as part of its transaction', async () => {
    const events = await logged(async () => {
      await client.query('BEGIN');
      await client.query('INSERT INTO item VALUES (1, 7)');
      await client.query('COMMIT').catch(() => undefined);
      await client.query('SELECT 1');
    });

    expect(told(events)).to.deep.equal([
      ['BEGIN', 0, undefined],
      ['INSERT INTO item VALUES (1, 7)', 1, undefined],
      ['COMMIT', 0, '23503'],
      ['SELECT 1', 1, undefined],
    ]);
    const [begin, insert, commit, select] = events.map(({ transaction }) => transaction);
    expect(insert).to.equal(begin).and.to.be.a('number');
    expect([commit, select]).to.deep.equal([begin, undefined]);
  });

  it('has the statements of a script up to the one that fails', async () => {
    const events = await logged(async () => {
      await client.query('SELECT 1; SELECT * FROM nowhere; SELECT 2').catch(() => undefined);
      await client.query('BEGIN; SELECT 1; SELECT * FROM nowhere; COMMIT').catch(() => undefined);
      await client.query('ROLLBACK');
    });

    expect(told(events).map(([sql, , code]) => [sql, code])).to.deep.equal([
      ['SELECT 1', undefined],
      ['SELECT * FROM nowhere', '42P01'],
      ['BEGIN', undefined],
      ['SELECT 1', undefined],
      ['SELECT * FROM nowhere', '42P01'],
      ['ROLLBACK', undefined],
    ]);
  });

  it('has what the sandbox refuses, by its own code', async () => {
    const events = await logged(async () => {
      await client.query("PREPARE TRANSACTION 'x'").catch(() => undefined);
      await client.query('SAVEPOINT outside').catch(() => undefined);
    });

    expect(told(events).map(([, , code]) => code)).to.deep.equal(['LOCKSTEP_REFUSED', '25P01']);
  });

  it('has nothing of its own, whatever it does to keep clients apart', async () => {
    const other = await connected(at().url);
    const events = await logged(async () => {
      await client.query("SET application_name = 'one'");
      await other.query('SELECT 1');
      await client.query({ name: 'named', text: 'SELECT 2' });
      await other.query('BEGIN');
      await other.query('ROLLBACK');
      await client.query({ name: 'named', text: 'SELECT 2' });
    });
    await other.end();

    expect(events.map(({ sql }) => sql)).to.deep.equal([
      "SET application_name = 'one'",
      'SELECT 1',
      'SELECT 2',
      'BEGIN',
      'ROLLBACK',
      'SELECT 2',
    ]);
    expect(events.every(({ duration }) => duration >= 0 && duration < 60_000)).to.equal(true);
    expect(new Set(events.map(({ connection }) => connection))).to.have.length(2);
  });
});
