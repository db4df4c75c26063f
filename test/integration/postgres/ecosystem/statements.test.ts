import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import type { Client } from 'pg';
import { inEveryPlace, sqlState, value } from './in-every-place.js';

inEveryPlace('statements', (here) => {
  let a: Client;
  let b: Client;

  beforeEach(async () => {
    a = await here.connect();
    b = await here.connect();
  });

  it('DDL', async () => {
    await a.query('create table parts (id int)');
    await a.query('alter table items add column price numeric not null default 1');
    await a.query('create index on parts (id)');
    await b.query("BEGIN; create type colour as enum ('red'); alter table parts add c colour; COMMIT");
    await b.query("insert into parts values (1, 'red')");
    await a.query("insert into items (name) values ('Tea')");
    expect((await a.query('select price from items')).rows).to.deep.equal([{ price: '1' }]);
    expect(await sqlState(a.query('create table parts (id int)'))).to.equal('42P07');
    await a.query('drop table parts');
    expect(await sqlState(b.query('select * from parts'))).to.equal('42P01');

    if (here.kind === 'sandbox')
      expect(
        await here.afterwards("select column_name from information_schema.columns where table_schema = 'public'"),
      ).to.have.length(3);
  });

  it('what cannot run in a transaction', async () => {
    await a.query("insert into items (name) values ('Tea')");
    await a.query('create index concurrently items_stock on items (stock)');
    await a.query('reindex index concurrently items_stock');
    await a.query('drop index concurrently items_stock');
    expect((await a.query('vacuum items')).command).to.equal('VACUUM');
    await a.query('vacuum (analyze) items');
    expect(await here.names()).to.deep.equal(['Tea']);
  });

  if (here.kind === 'sandbox')
    it('what would escape is refused, and names what can do it', async () => {
      await a.query("insert into items (name) values ('Tea')");
      for (const sql of [
        'create database other_test',
        "alter system set work_mem = '1MB'",
        "BEGIN; PREPARE TRANSACTION 'x'",
      ]) {
        const error = await a.query(sql).then(
          () => undefined,
          (reason: Error) => reason,
        );
        expect(error?.message, sql).to.match(/LOCKSTEP_|database/);
        await a.query('ROLLBACK');
      }
      expect(await here.names()).to.deep.equal(['Tea']);
    });

  it('TRUNCATE', async () => {
    await a.query("insert into items (name) values ('Tea')");
    await a.query('BEGIN; TRUNCATE items RESTART IDENTITY CASCADE; ROLLBACK');
    expect(await here.names()).to.deep.equal(['Tea']);
    await a.query('TRUNCATE items');
    expect(await here.names()).to.deep.equal([]);
  });

  it('advisory locks', async () => {
    expect(await value(a, 'select pg_try_advisory_lock(42)')).to.equal(true);
    expect(await value(a, 'select pg_advisory_unlock(42)')).to.equal(true);
    await a.query('BEGIN; select pg_advisory_xact_lock(43); COMMIT');
    await b.query('BEGIN; select pg_advisory_xact_lock(43); COMMIT');
  });

  it('LISTEN and NOTIFY', async () => {
    const heard: unknown[] = [];
    const arrived = (count: number): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => void (heard.length >= count ? resolve() : setTimeout(look, 2));
        look();
      });
    a.on('notification', ({ channel, payload }) => heard.push(`${channel} ${payload}`));
    await a.query('LISTEN shop');
    await a.query('LISTEN "Other Shop"');

    await b.query("NOTIFY shop, 'one'");
    await arrived(1);
    await b.query("select pg_notify('Other Shop', 'two')");
    await arrived(2);
    await b.query('BEGIN');
    await b.query("NOTIFY shop, 'rolled back'");
    await b.query('ROLLBACK');
    await b.query('BEGIN');
    await b.query("NOTIFY shop, 'three'");
    await b.query('select 1');
    expect(heard).to.have.length(2);
    await b.query('COMMIT');
    await arrived(3);
    await a.query("select pg_notify('shop', $1)", ['four']);
    await arrived(4);
    await a.query('UNLISTEN *');
    await b.query("NOTIFY shop, 'five'");
    await a.query('select 1');
    expect(heard).to.deep.equal(['shop one', 'Other Shop two', 'shop three', 'shop four']);
  });

  it('cursors', async () => {
    await a.query('BEGIN');
    await a.query('DECLARE c SCROLL CURSOR FOR select generate_series(1, 10) as n');
    expect((await a.query('FETCH 3 FROM c')).rows).to.deep.equal([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect((await a.query('FETCH BACKWARD 1 FROM c')).rows).to.deep.equal([{ n: 2 }]);
    await a.query('MOVE LAST IN c');
    await a.query('CLOSE c');
    await a.query('COMMIT');
    await a.query('BEGIN; DECLARE h CURSOR WITH HOLD FOR select generate_series(1, 3) as n; COMMIT');
    expect((await a.query('FETCH ALL h')).rows).to.have.length(3);
    await a.query('CLOSE h');
    await a.query('BEGIN; DECLARE c CURSOR FOR select 1; COMMIT');
    expect(await sqlState(a.query('FETCH ALL FROM c'))).to.equal('34000');
    expect(await sqlState(a.query('DECLARE c CURSOR FOR select 1'))).to.equal('25P01');
  });

  it('temporary tables', async () => {
    await a.query('BEGIN');
    await a.query('create temporary table t (n int) on commit drop');
    await a.query('insert into t values (1)');
    expect((await a.query('select * from t')).rows).to.have.length(1);
    await a.query('COMMIT');
    expect(await sqlState(a.query('select * from t'))).to.equal('42P01');

    await a.query('create temporary table kept (n int) on commit delete rows');
    await a.query('BEGIN');
    await a.query('insert into kept values (1)');
    expect((await a.query('select * from kept')).rows).to.have.length(1);
    await a.query('COMMIT');
    expect((await a.query('select * from kept')).rows).to.have.length(0);
  });

  it('temporary tables are gone with their connection', async () => {
    const brief = await here.connect();
    await brief.query('create temporary table t (n int primary key)');
    await brief.query('insert into t values (1)');
    await brief.end();

    expect(await sqlState(a.query('select * from t'))).to.equal('42P01');
    await a.query('create temporary table t (n int primary key)');
    expect(
      await sqlState(
        a.query('insert into t values (1), (1)').catch((error: { constraint?: string }) => {
          throw Object.assign(new Error(), { code: error.constraint });
        }),
      ),
    ).to.equal('t_pkey');
  });

  it('settings are each connection’s own', async () => {
    await a.query("set application_name = 'a'");
    await b.query("set application_name = 'b'");
    await a.query('create schema other; create table other.items (id int)');
    await a.query('set search_path = other');
    expect(await value(a, 'show application_name')).to.equal('a');
    expect(await value(b, 'show application_name')).to.equal('b');
    expect(await value(a, "select to_regclass('items')::text")).to.equal('items');
    expect(await value(b, "select to_regclass('other.items')::text")).to.equal('other.items');
    expect(await value(b, "select 'items'::regclass = 'public.items'::regclass")).to.equal(true);
    expect(await value(a, "select 'items'::regclass = 'other.items'::regclass")).to.equal(true);

    await a.query("BEGIN; SET LOCAL application_name = 'local'");
    expect(await value(a, 'show application_name')).to.equal('local');
    await a.query('COMMIT');
    expect(await value(a, 'show application_name')).to.equal('a');
    await a.query("BEGIN; SET application_name = 'undone'; ROLLBACK");
    expect(await value(a, 'show application_name')).to.equal('a');
    await a.query("BEGIN; SET application_name = 'kept'; COMMIT");
    expect(await value(a, 'show application_name')).to.equal('kept');
    await a.query("select set_config('shop.user', '7', false)");
    expect(await value(a, "select current_setting('shop.user')")).to.equal('7');
    expect(await value(b, "select current_setting('shop.user', true)")).to.be.oneOf([null, '']);
    await a.query('RESET ALL');
    expect(await value(a, "select 'items'::regclass = 'public.items'::regclass")).to.equal(true);
    const named = await here.connect({ application_name: 'c', options: '-c work_mem=5MB' });
    expect(await value(named, 'show application_name')).to.equal('c');
    expect(await value(named, 'show work_mem')).to.equal('5MB');
    expect(await value(b, 'show work_mem')).to.not.equal('5MB');
  });

  it('prepared statements of one name in two connections', async () => {
    const ask = async (client: Client, text: string): Promise<unknown> =>
      (await client.query<{ n: number }>({ name: 'same', text, values: [1] })).rows[0]!.n;

    expect(await ask(a, 'select $1::int + 1 as n')).to.equal(2);
    expect(await ask(b, 'select $1::int + 2 as n')).to.equal(3);
    expect(await ask(a, 'select $1::int + 1 as n')).to.equal(2);
    await a.query('PREPARE p (int) AS select $1 + 10 as n');
    await b.query('PREPARE p (int) AS select $1 + 20 as n');
    expect(await value(a, 'EXECUTE p (1)')).to.equal(11);
    expect(await value(b, 'EXECUTE p (1)')).to.equal(21);
    await a.query('DEALLOCATE p');
    expect(await sqlState(a.query('EXECUTE p (1)'))).to.equal('26000');
    expect(await value(b, 'EXECUTE p (1)')).to.equal(21);
    await a.query('DEALLOCATE ALL');
    expect(await ask(b, 'select $1::int + 2 as n')).to.equal(3);
  });

  it('a prepared statement outlives an error and a rollback', async () => {
    const query = { name: 'divide', text: 'select 1 / $1::int as n' };
    await a.query('BEGIN');
    expect((await a.query({ ...query, values: [1] })).rows).to.deep.equal([{ n: 1 }]);
    expect(await sqlState(a.query({ ...query, values: [0] }))).to.equal('22012');
    await a.query('ROLLBACK');
    expect((await a.query({ ...query, values: [1] })).rows).to.deep.equal([{ n: 1 }]);
  });

  it('errors with all their fields', async () => {
    await a.query("insert into items (name) values ('Tea')");
    const error = (await a
      .query('insert into items (name) values ($1)', ['Tea'])
      .catch((reason: unknown) => reason)) as pg.DatabaseError;

    expect(error).to.be.instanceOf(pg.DatabaseError);
    expect(error).to.include({
      severity: 'ERROR',
      code: '23505',
      schema: 'public',
      table: 'items',
      constraint: 'items_name_key',
      detail: 'Key (name)=(Tea) already exists.',
    });
    const syntax = (await a.query('select 1 form items').catch((reason: unknown) => reason)) as pg.DatabaseError;
    expect(syntax).to.include({ code: '42601', position: '15' });
    const after = "select 1; select 'é'; select 1 form items";
    expect(await a.query(after).catch((reason: pg.DatabaseError) => reason.position)).to.equal('37');
  });

  it('100,000 rows', async () => {
    const { rows } = await a.query<{ n: number; t: string }>(
      "select n, 'row ' || n as t from generate_series(1, 100000) n",
    );
    expect(rows).to.have.length(100_000);
    expect(rows.at(-1)).to.deep.equal({ n: 100_000, t: 'row 100000' });
  });

  it('a value of 50 MB', async function () {
    // A slow machine takes seconds for it, on a direct connection too.
    this.timeout(120_000);
    const big = 'Lockstep'.repeat((50 * 2 ** 20) / 8);
    await a.query('create table files (data text)');
    await a.query('insert into files values ($1)', [big]);
    expect((await value(b, 'select data from files')) === big).to.equal(true);
  });

  it('statement_timeout', async () => {
    await a.query('set statement_timeout = 40');
    expect(await sqlState(a.query('select pg_sleep(5)'))).to.equal('57014');
    expect(await value(a, 'select 1')).to.equal(1);
    await b.query('select pg_sleep(0.1)');
    const impatient = await here.connect({ statement_timeout: 40 });
    expect(await sqlState(impatient.query('select pg_sleep(5)'))).to.equal('57014');
    expect(await value(impatient, 'select 1')).to.equal(1);
  });

  it('cancel', async () => {
    const running = sqlState(a.query('select pg_sleep(5)'));
    await here.asleep();
    await cancel(a);
    expect(await running).to.equal('57014');
    expect(await value(a, 'select 1')).to.equal(1);
    expect(await value(b, 'select 1')).to.equal(1);

    await a.query('BEGIN');
    await a.query("insert into items (name) values ('Tea')");
    const inside = sqlState(a.query('select pg_sleep(5)'));
    await here.asleep();
    await cancel(a);
    expect(await inside).to.equal('57014');
    expect(await sqlState(a.query('select 1'))).to.equal('25P02');
    await a.query('ROLLBACK');
    expect(await here.names()).to.deep.equal([]);
  });

  it('cancel of another, or of nothing, hurts nobody', async () => {
    const running = a.query<{ n: number }>('select 1 as n from pg_sleep(0.1)');
    await sleep(30);
    await cancel(b);
    expect((await running).rows).to.deep.equal([{ n: 1 }]);
    expect(await value(b, 'select 1')).to.equal(1);
  });
});

/** The cancel request of the protocol, which goes over a connection of its own. */
async function cancel(client: Client): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number | Buffer };
  const key = typeof secretKey === 'number' ? Buffer.alloc(4) : secretKey;
  if (typeof secretKey === 'number') key.writeInt32BE(secretKey);
  const head = Buffer.alloc(12);
  head.writeInt32BE(12 + key.length, 0);
  head.writeInt32BE(80877102, 4);
  head.writeInt32BE(processID, 8);

  const socket = client.host.startsWith('/')
    ? connect(`${client.host}/.s.PGSQL.${client.port}`)
    : connect(client.port, client.host);
  socket.end(Buffer.concat([head, key]));
  await once(socket.resume(), 'close');
}
