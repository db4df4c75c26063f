import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { Client, QueryResult } from 'pg';
import { inEveryPlace, sqlState } from './in-every-place.js';

const INSERT = 'insert into items (name) values ($1)';

inEveryPlace('transactions', (here) => {
  let a: Client;
  let b: Client;

  beforeEach(async () => {
    a = await here.connect();
    b = await here.connect();
  });

  /** The command tags of a string of statements. */
  const tags = async (client: Client, sql: string): Promise<string[]> => {
    const results = (await client.query(sql)) as unknown as QueryResult | QueryResult[];
    return [results].flat().map(({ command }) => command);
  };

  it('BEGIN; INSERT; COMMIT in one string', async () => {
    expect(await tags(a, "BEGIN; INSERT INTO items (name) VALUES ('Tea'); COMMIT")).to.deep.equal([
      'BEGIN',
      'INSERT',
      'COMMIT',
    ]);
    expect(await here.names()).to.deep.equal(['Tea']);
    expect(await tags(a, "BEGIN; INSERT INTO items (name) VALUES ('Salt'); ROLLBACK; select 1")).to.deep.equal([
      'BEGIN',
      'INSERT',
      'ROLLBACK',
      'SELECT',
    ]);
    expect(await here.names()).to.deep.equal(['Tea']);
  });

  it('several statements in one string are one transaction', async () => {
    const sql = "insert into items (name) values ('Tea'); insert into items (name) values ('Tea')";
    expect(await sqlState(a.query(sql))).to.equal('23505');
    expect(await here.names()).to.deep.equal([]);

    expect(await sqlState(a.query("insert into items (name) values ('Tea'); COMMIT; select 1/0"))).to.equal('22012');
    expect(await here.names()).to.deep.equal(['Tea']);
  });

  it('a string that ends inside a transaction', async () => {
    await a.query("BEGIN; insert into items (name) values ('Tea')");
    await a.query("insert into items (name) values ('Salt'); COMMIT; BEGIN");
    await a.query('ROLLBACK');
    expect(await here.names()).to.deep.equal(['Tea', 'Salt']);
  });

  it('ROLLBACK TO SAVEPOINT', async () => {
    await a.query('BEGIN');
    await a.query(INSERT, ['Tea']);
    await a.query('SAVEPOINT s');
    await a.query(INSERT, ['Salt']);
    expect(await sqlState(a.query(INSERT, ['Salt']))).to.equal('23505');
    expect(await sqlState(a.query('select 1'))).to.equal('25P02');
    await a.query('ROLLBACK TO SAVEPOINT s');
    await a.query(INSERT, ['Oats']);
    await a.query('RELEASE s');
    expect(await sqlState(a.query('ROLLBACK TO s'))).to.equal('3B001');
    await a.query('COMMIT');
    expect(await here.names()).to.deep.equal([]);
  });

  it('savepoints of the same name, one in another, and in two connections', async () => {
    await a.query('BEGIN; SAVEPOINT s');
    await a.query(INSERT, ['Tea']);
    await a.query('SAVEPOINT s');
    await a.query(INSERT, ['Salt']);
    await a.query('ROLLBACK TO s; RELEASE s; RELEASE s; COMMIT');
    await b.query('BEGIN; SAVEPOINT s');
    await b.query(INSERT, ['Oats']);
    await b.query('ROLLBACK TO s; COMMIT');
    expect(await here.names()).to.deep.equal(['Tea']);
    expect(await sqlState(a.query('SAVEPOINT s'))).to.equal('25P01');
  });

  it('a query after ROLLBACK', async () => {
    await a.query('BEGIN');
    await a.query(INSERT, ['Tea']);
    await a.query('ROLLBACK');
    await a.query(INSERT, ['Salt']);
    expect(await here.names()).to.deep.equal(['Salt']);
    expect(await here.afterwards('select * from items')).to.deep.equal([]);
  });

  it('SELECT of a function that writes', async () => {
    await a.query(`create function put(name text) returns text language sql as
      $$ insert into items (name) values (put.name) returning name $$`);
    expect((await a.query("select put('Tea')")).rows).to.deep.equal([{ put: 'Tea' }]);
    expect(await sqlState(a.query("select put('Tea')"))).to.equal('23505');
    expect(await here.names()).to.deep.equal(['Tea']);
    expect(await here.afterwards('select * from items')).to.deep.equal([]);
  });

  for (const [begin, commit] of [
    ['BEGIN', 'END'],
    ['start transaction', 'end transaction'],
    ['BEGIN WORK', 'COMMIT WORK;'],
    ['/* BEGIN */ BEGIN -- ROLLBACK', '/* x */ COMMIT'],
    ['\n begin ;', '-- ROLLBACK\n commit and no chain'],
  ] as const)
    it(`${JSON.stringify(begin)} … ${JSON.stringify(commit)}`, async () => {
      await a.query(begin);
      await a.query("insert into items (name) values ('COMMIT; ROLLBACK')");
      await a.query(commit);
      await a.query("insert into items (name) values ($$; ROLLBACK; --$$), (E'\\'; ROLLBACK; --')");
      expect(await here.names()).to.deep.equal(['COMMIT; ROLLBACK', '; ROLLBACK; --', "'; ROLLBACK; --"]);
      expect(await here.afterwards('select * from items')).to.deep.equal([]);
    });

  it('ABORT, and COMMIT of a failed transaction', async () => {
    await a.query('BEGIN');
    await a.query(INSERT, ['Tea']);
    expect((await a.query('ABORT')).command).to.equal('ROLLBACK');
    await a.query('BEGIN');
    await a.query(INSERT, ['Tea']);
    expect(await sqlState(a.query('select 1/0'))).to.equal('22012');
    expect(await sqlState(a.query('select 1'))).to.equal('25P02');
    expect((await a.query('COMMIT')).command).to.equal('ROLLBACK');
    expect(await here.names()).to.deep.equal([]);
  });

  it('COMMIT AND CHAIN, ROLLBACK AND CHAIN', async () => {
    await a.query('BEGIN');
    await a.query(INSERT, ['Tea']);
    await a.query('COMMIT AND CHAIN');
    await a.query(INSERT, ['Salt']);
    await a.query('ROLLBACK AND CHAIN');
    await a.query(INSERT, ['Oats']);
    await a.query('COMMIT');
    expect(await here.names()).to.deep.equal(['Tea', 'Oats']);
    expect(await sqlState(a.query('COMMIT AND CHAIN'))).to.equal('25P01');
  });

  it('warns as Postgres does', async () => {
    const notices: unknown[] = [];
    a.on('notice', ({ code, severity }) => notices.push(`${severity} ${code}`));
    await a.query('COMMIT');
    await a.query('ROLLBACK');
    await a.query('BEGIN');
    await a.query('BEGIN');
    await a.query('ROLLBACK');
    expect(notices).to.deep.equal(['WARNING 25P01', 'WARNING 25P01', 'WARNING 25001']);
  });

  it('a unique violation, then more statements', async () => {
    await a.query(INSERT, ['Tea']);
    expect(await sqlState(a.query(INSERT, ['Tea']))).to.equal('23505');
    expect(await sqlState(b.query(INSERT, ['Tea']))).to.equal('23505');
    await a.query(INSERT, ['Salt']);
    await b.query(INSERT, ['Oats']);
    expect(await here.names()).to.deep.equal(['Tea', 'Salt', 'Oats']);
  });

  it('two transactions at a time', async () => {
    const request = async (client: Client, name: string): Promise<void> => {
      await client.query('BEGIN');
      await client.query(INSERT, [name]);
      await setTimeout(5);
      await client.query(INSERT, [`more ${name}`]);
      await client.query(name === 'Salt' ? 'ROLLBACK' : 'COMMIT');
    };

    await Promise.all([request(a, 'Tea'), request(b, 'Salt')]);
    expect(await here.names()).to.deep.equal(['Tea', 'more Tea']);
  });

  it('the client that is gone in a transaction', async () => {
    await a.query('BEGIN');
    await a.query(INSERT, ['Tea']);
    const { stream } = (a as unknown as { connection: { stream: { destroy(): void } } }).connection;
    stream.destroy();
    await b.query('BEGIN');
    await b.query(INSERT, ['Salt']);
    await b.query('COMMIT');
    expect(await here.names()).to.deep.equal(['Salt']);
  });

  it('the client that says good-bye in a transaction', async () => {
    await a.query('BEGIN');
    await a.query(INSERT, ['Tea']);
    await a.end();
    expect((await b.query('select * from items')).rows).to.deep.equal([]);
  });

  it('isolation levels', async () => {
    for (const level of ['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE']) {
      await a.query(`BEGIN ISOLATION LEVEL ${level}`);
      await a.query(INSERT, [level]);
      await a.query('COMMIT');
      await a.query('BEGIN');
      await a.query(`SET TRANSACTION ISOLATION LEVEL ${level}`);
      await a.query('COMMIT');
      await a.query(`SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL ${level}`);
      await a.query(`START TRANSACTION ISOLATION LEVEL ${level}, READ WRITE, NOT DEFERRABLE`);
      await a.query('END');
    }
    expect(await here.names()).to.have.length(3);
  });

  it('READ ONLY', async () => {
    await a.query('BEGIN READ ONLY');
    expect((await a.query('select count(*)::int from items')).rows).to.deep.equal([{ count: 0 }]);
    expect(await sqlState(a.query(INSERT, ['Tea']))).to.equal('25006');
    await a.query('ROLLBACK');

    await a.query('BEGIN');
    await a.query('SET TRANSACTION READ ONLY');
    expect(await sqlState(a.query(INSERT, ['Tea']))).to.equal('25006');
    await a.query('COMMIT');

    await a.query('BEGIN READ ONLY');
    await a.query('COMMIT');
    await a.query(INSERT, ['Tea']);
    await b.query(INSERT, ['Salt']);
    expect(await here.names()).to.deep.equal(['Tea', 'Salt']);
  });

  it('deferred foreign keys, at COMMIT', async () => {
    await a.query(`create table parts (
      id int primary key, item int references items (id) deferrable initially deferred)`);
    await a.query('BEGIN');
    await a.query('insert into parts values (1, 7)');
    await a.query("insert into items (id, name) values (7, 'Tea')");
    await a.query('COMMIT');

    await a.query('BEGIN');
    await a.query('insert into parts values (2, 8)');
    expect(await sqlState(a.query('COMMIT'))).to.equal('23503');
    expect(await sqlState(a.query('insert into parts values (3, 9)'))).to.equal('23503');

    await a.query('BEGIN');
    await a.query('SET CONSTRAINTS ALL IMMEDIATE');
    expect(await sqlState(a.query('insert into parts values (2, 8)'))).to.equal('23503');
    await a.query('ROLLBACK');

    await b.query('BEGIN');
    await b.query('insert into parts values (4, 10)');
    await b.query("insert into items (id, name) values (10, 'Salt')");
    await b.query('COMMIT');
    expect((await b.query('select id from parts order by id')).rows).to.deep.equal([{ id: 1 }, { id: 4 }]);
  });

  it('now() moves between two transactions', async () => {
    const now = async (): Promise<number> =>
      (await a.query<{ ms: string }>('select extract(epoch from now()) * 1000000 as ms')).rows.map(({ ms }) =>
        Number(ms),
      )[0]!;

    await a.query('BEGIN');
    const first = await now();
    await setTimeout(2);
    // In a sandbox every transaction is part of one, so there now() is the time of the statement.
    if (here.kind === 'direct') expect(await now()).to.equal(first);
    await a.query('COMMIT');
    await setTimeout(2);
    expect(await now()).to.be.greaterThan(first);
  });
});
