import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { inspect, promisify } from 'node:util';
import { expect } from 'chai';
import pg from 'pg';
import { rejection } from './behaviours.js';
import { sqlState } from './in-every-place.js';
import type { Place } from './place.js';
import { places } from './places.js';

/**
 * What the sandboxes of other ecosystems assert in their own suites, as rows of one table; the titles are
 * those of docs/postgres-ecosystem.md.
 */
describe('what other sandboxes promise', () => {
  let place: Place;
  let client: pg.Client;
  let pool: pg.Pool;

  before(async () => {
    place = await places.sandbox();
  });
  beforeEach(async function () {
    await place.begin(this.currentTest!.fullTitle());
    client = new pg.Client(place.url);
    client.on('error', () => undefined);
    await client.connect();
    pool = new pg.Pool({ connectionString: place.url, max: 4 });
    pool.on('error', () => undefined);
  });
  afterEach(async () => {
    await Promise.all([client.end(), pool.end()]);
    await place.end();
  });
  after(() => place.close());

  const insert = (on: pg.Client | pg.Pool | pg.PoolClient, name: string): Promise<unknown> =>
    on.query('insert into items (name) values ($1)', [name]);
  const count = async (): Promise<unknown> =>
    (await client.query<{ n: number }>('select count(*)::int as n from items')).rows[0]!.n;
  /** The next test on the same connections. */
  const next = async (): Promise<void> => {
    await place.end();
    await place.begin('the next test');
  };

  describe('Ecto', () => {
    it('a query of nobody’s test is refused, before, between and after', async () => {
      await place.end();
      expect(inspect(await rejection(count()))).to.include('LOCKSTEP_STRAGGLER');
      await place.begin('a test');
      expect(await count()).to.equal(0);
      await place.end();
      expect(inspect(await rejection(count()))).to.include('LOCKSTEP_STRAGGLER');
      await place.begin('for the hook');
    });

    it('that refusal says where to read on', async () => {
      await place.end();
      expect(inspect(await rejection(count()))).to.match(/docs\/troubleshooting|troubleshooting\.md/);
      await place.begin('for the hook');
    });

    it('another process shares it', async () => {
      await insert(client, 'Tea');
      const program = `
        const client = new (require('pg').Client)(process.env.DATABASE_URL);
        client.connect()
          .then(() => client.query("insert into items (name) select name || '!' from items returning name"))
          .then(({ rows }) => { console.log(rows[0].name); return client.end(); });`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=commonjs', '-e', program], {
        env: { ...process.env, DATABASE_URL: place.url },
      });

      expect(stdout.trim()).to.equal('Tea!');
      expect(await count()).to.equal(2);
    });

    it('a pool that is opened in the middle of a test shares it', async () => {
      await insert(client, 'Tea');
      const late = new pg.Pool({ connectionString: place.url });
      expect((await late.query('select name from items')).rows).to.deep.equal([{ name: 'Tea' }]);
      await late.end();
    });

    it('what a test wrote is gone in the next, on the same connection', async () => {
      await insert(client, 'Tea');
      expect(await count()).to.equal(1);
      await next();
      expect(await count()).to.equal(0);
    });

    it('whoever connects to the server itself is outside of it', async () => {
      await insert(client, 'Tea');
      expect(await place.committed('select name from items')).to.deep.equal([]);
      await place.committed("insert into items (id, name) values (1000, 'Salt')");
      expect(await count()).to.equal(2);
      await next();
      expect(await count()).to.equal(1);
      await place.committed('delete from items');
      expect(await count()).to.equal(0);
    });

    it('a query that fails does not taint it', async () => {
      await insert(client, 'Tea');
      expect(await sqlState(client.query('INVALID'))).to.equal('42601');
      await insert(client, 'Salt');
      expect(await count()).to.equal(2);
    });

    it('the isolation level may be set, in and out of a transaction', async () => {
      await client.query('SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED');
      await client.query('BEGIN');
      await client.query('SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED');
      await insert(client, 'Tea');
      await client.query('COMMIT');
      expect(await count()).to.equal(1);
    });

    it('a transaction that is cut by its own timeout is undone, and the sandbox goes on', async () => {
      const cut = new pg.Client({ connectionString: place.url, query_timeout: 60 });
      cut.on('error', () => undefined);
      await cut.connect();
      await cut.query('BEGIN');
      await insert(cut, 'Tea');
      await rejection(cut.query('select pg_sleep(0.4)'));
      await cut.end();
      await setTimeout(20);
      expect(await count()).to.equal(0);
    });

    it('the client is told truly whether it is in a transaction', async () => {
      const connection = client as unknown as { getTransactionStatus(): string };
      expect(connection.getTransactionStatus()).to.equal('I');
      await client.query('BEGIN');
      expect(connection.getTransactionStatus()).to.equal('T');
      await sqlState(client.query('INVALID'));
      // A server sends the status behind the error, in a packet of its own: it has come when the next answer does.
      expect(await sqlState(client.query('select 1'))).to.equal('25P02');
      expect(connection.getTransactionStatus()).to.equal('E');
      await client.query('ROLLBACK');
      expect(connection.getTransactionStatus()).to.equal('I');
      await client.query('select 1');
      expect(connection.getTransactionStatus()).to.equal('I');
    });
  });

  describe('go-txdb', () => {
    it('a transaction of the app, rolled back and committed', async () => {
      await insert(client, 'Tea');
      await client.query('BEGIN');
      await insert(client, 'Salt');
      expect(await count()).to.equal(2);
      await client.query('ROLLBACK');
      expect(await count()).to.equal(1);
      await client.query('BEGIN');
      await insert(client, 'Salt');
      await client.query('COMMIT');
      expect(await count()).to.equal(2);
      await next();
      expect(await count()).to.equal(0);
    });

    it('rows that are still being read hold nobody up', async () => {
      const other = await pool.connect();
      const reading = other.query('select generate_series(1, 20000)');
      await insert(client, 'Tea');
      expect((await reading).rowCount).to.equal(20_000);
      other.release();
    });

    it('work side by side', async () => {
      await Promise.all(
        Array.from({ length: 8 }, async (_, n) => {
          await pool.query('select name from items');
          await insert(pool, `item ${n}`);
        }),
      );
      expect(await count()).to.equal(8);
    });

    it('a statement that cannot be prepared', async () => {
      expect(await sqlState(client.query({ name: 'bad', text: 'select * from nowhere' }))).to.equal('42P01');
      expect(await sqlState(client.query({ name: 'bad', text: 'selec 1' }))).to.equal('42601');
      expect(await count()).to.equal(0);
    });

    it('a prepared statement is used again, in the next test too', async () => {
      const add = (name: string): Promise<unknown> =>
        client.query({ name: 'add', text: 'insert into items (name) values ($1)', values: [name] });
      await add('Tea');
      await add('Salt');
      await next();
      await add('Tea');
      expect(await count()).to.equal(1);
    });

    it('all connections close, and new ones open', async () => {
      await client.end();
      await pool.end();
      client = new pg.Client(place.url);
      await client.connect();
      pool = new pg.Pool({ connectionString: place.url });
      expect(await count()).to.equal(0);
    });

    it('a connection that is closed because of an error spoils nothing', async () => {
      const broken = await pool.connect();
      await broken.query('BEGIN');
      await insert(broken, 'Tea');
      broken.release(new Error('broken'));
      expect(await count()).to.equal(0);
    });

    it('column types', async () => {
      const { fields } = await client.query("select 1, 'a'::text, 1::bigint, now()");
      expect(fields.map(({ dataTypeID }) => dataTypeID)).to.deep.equal([23, 25, 20, 1184]);
    });

    it('several results of one string', async () => {
      const results = (await client.query("select 1 as n; select 'a' as t, 2 as n")) as unknown as pg.QueryResult[];
      expect(results.map(({ rows }) => rows as unknown)).to.deep.equal([[{ n: 1 }], [{ t: 'a', n: 2 }]]);
    });

    it('one statement that is given up does not spoil the next', async () => {
      const hasty = new pg.Client({ connectionString: place.url, statement_timeout: 40 });
      await hasty.connect();
      await insert(hasty, 'Tea');
      expect(await sqlState(hasty.query('select pg_sleep(3)'))).to.equal('57014');
      await insert(hasty, 'Salt');
      expect((await hasty.query({ name: 'names', text: 'select name from items' })).rowCount).to.equal(2);
      await hasty.end();
    });

    it('a prepared statement that fails in a transaction is closed, and the transaction rolled back', async () => {
      await insert(client, 'Tea');
      expect(await count()).to.equal(1);
      await client.query('BEGIN');
      await client.query('PREPARE add AS insert into items (name) values ($1)');
      expect(await sqlState(client.query("EXECUTE add ('Tea')"))).to.equal('23505');
      expect(await sqlState(client.query('DEALLOCATE add'))).to.equal('25P02');
      await client.query('ROLLBACK');
      expect(await count()).to.equal(1);
    });

    it('10,000 queries', async function () {
      this.timeout(120_000);
      await client.query('create table heavy (id int)');
      for (let n = 0; n < 5000; n += 1) await client.query('select 1 from heavy');
      await Promise.all(Array.from({ length: 5000 }, () => pool.query('select 1 from heavy')));
      expect((await client.query('select 1 from heavy')).rows).to.deep.equal([]);
    });
  });

  describe('pg-transactional-tests', () => {
    it('queries that are sent at once come after the begin of the test', async () => {
      await place.end();
      await place.begin('a test');
      await Promise.all(['Tea', 'Salt'].map((name) => insert(pool, name)));
      await place.end();
      expect(await place.committed('select * from items')).to.deep.equal([]);
      await place.begin('for the hook');
    });

    it('clients and pools see each other’s rows, and the next test sees none', async () => {
      const other = await pool.connect();
      await Promise.all([insert(client, 'Tea'), insert(other, 'Salt')]);
      other.release();
      expect(await count()).to.equal(2);
      await next();
      expect(await count()).to.equal(0);
    });

    const slow = 'insert into items (name) select $1 from pg_sleep($2) returning name';
    const names = async (): Promise<unknown[]> =>
      (await client.query<{ name: string }>('select name from items order by id')).rows.map(({ name }) => name);

    it('queries that one client sends at once run one after the other', async () => {
      await Promise.all([
        client.query(slow, ['Tea', 0.03]),
        client.query(slow, ['Salt', 0.01]),
        insert(client, 'Oats'),
      ]);
      expect(await names()).to.deep.equal(['Tea', 'Salt', 'Oats']);
    });

    it('queries with callbacks run one after the other, and call back in that order', async () => {
      const called: string[] = [];
      await new Promise<void>((resolve, reject) => {
        for (const [index, name] of ['Tea', 'Salt', 'Oats'].entries())
          client.query<{ name: string }>(slow, [name, 0.02 - index / 100], (error, { rows }) => {
            if (error as Error | null) return reject(error);
            called.push(rows[0]!.name);
            if (name === 'Oats') resolve();
          });
      });
      expect(called).to.deep.equal(['Tea', 'Salt', 'Oats']);
      expect(await names()).to.deep.equal(called);
    });

    it('queries that several connections send at once run one after the other', async () => {
      await Promise.all(['Tea', 'Salt', 'Oats'].map((name) => pool.query(slow, [name, 0.02])));
      expect(await count()).to.equal(3);
    });

    it('rows of a layer are seen by each of its tests', async () => {
      await place.end();
      await place.begin('describe', 'layer');
      await insert(client, 'Tea');
      await place.begin('first');
      expect(await count()).to.equal(1);
      await insert(client, 'Salt');
      await place.end();
      await place.begin('second');
      expect(await count()).to.equal(1);
      await place.end();
      await place.end();
      await place.begin('for the hook');
      expect(await count()).to.equal(0);
    });

    it('transaction statements in whatever case', async () => {
      await client.query('STaRT TRANSaCTION');
      await insert(client, 'Tea');
      await client.query('COmMIT');
      await client.query('BeGiN');
      await insert(client, 'Salt');
      await client.query('ROLlBaCK');
      expect(await count()).to.equal(1);
    });

    it('a pool whose query failed goes on', async () => {
      expect(await sqlState(pool.query('select * from nowhere'))).to.equal('42P01');
      expect((await pool.query('select 1 as n')).rows).to.deep.equal([{ n: 1 }]);
    });

    it('two transactions at a time, of which one fails', async () => {
      const work = async (name: string, fail: boolean): Promise<unknown> => {
        const mine = await pool.connect();
        await mine.query('BEGIN');
        await insert(mine, name);
        await setTimeout(5);
        await mine.query(fail ? 'ROLLBACK' : 'COMMIT');
        mine.release();
        return fail;
      };
      expect(await Promise.all([work('Tea', true), work('Salt', false)])).to.deep.equal([true, false]);
      expect((await client.query('select name from items')).rows).to.deep.equal([{ name: 'Salt' }]);
    });
  });
});
