import { expect } from 'chai';
import type pg from 'pg';
import Cursor from 'pg-cursor';
import { connected, inTest, useSandbox } from './sandbox.js';

const SCHEMA = `
  CREATE TABLE item (id int PRIMARY KEY, name text);
  CREATE TABLE log (id int);
  INSERT INTO item VALUES (1, 'one');
  CREATE FUNCTION count_up(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (n); RETURN n; END';
`;
const WRITE = "INSERT INTO item VALUES (2, 'two')";
const IDS = 'SELECT id FROM item ORDER BY id';

/** What a transaction does before another connection writes. */
const READERS: readonly (readonly string[])[] = [
  [IDS],
  ['SELECT count(*), max(lower(name)) FROM item WHERE id IN (1, 2)', IDS],
  ['SET TRANSACTION ISOLATION LEVEL READ COMMITTED', IDS],
  ['SET TRANSACTION READ ONLY', IDS],
];

/** Those whose work or view would not be the same if it were interrupted. */
const OTHERS: readonly (readonly string[])[] = [
  ['SELECT * FROM item FOR UPDATE'],
  ['SELECT * FROM item FOR KEY SHARE'],
  ['SAVEPOINT one', IDS],
  ['SET TRANSACTION ISOLATION LEVEL REPEATABLE READ', IDS],
  ['SET LOCAL work_mem = 1024', IDS],
  ['DECLARE c CURSOR FOR SELECT 1'],
  ['SELECT count_up(1)'],
  ['SELECT pg_advisory_xact_lock(1)'],
  ["SET LOCAL lock_timeout = '10s'", IDS],
  ['CREATE TEMP TABLE t (id int)'],
];

for (const host of ['in-thread', 'worker'] as const) {
  describe(`postgres: a transaction that has done nothing to keep (${host})`, () => {
    const at = useSandbox(`readers_${host === 'worker' ? 'worker' : 'thread'}_test`, SCHEMA, { host });
    let reader: pg.Client;
    let other: pg.Client;

    before(async () => {
      [reader, other] = [await connected(at().url), await connected(at().url)];
    });
    after(() => Promise.all([reader.end(), other.end()]));

    for (const statements of READERS) {
      it(`sees what others commit meanwhile: ${statements.join('; ')}`, async () => {
        const direct = [await connected(at().direct), await connected(at().direct)] as const;
        const real = await seen(direct[0], direct[1], statements);
        await direct[1].query('DELETE FROM item WHERE id = 2');
        await Promise.all(direct.map((client) => client.end()));

        await inTest(at(), async () => expect(await seen(reader, other, statements)).to.deep.equal(real));
      });
    }

    for (const statements of OTHERS) {
      it(`keeps its turn where it has done more: ${statements.join('; ')}`, () =>
        inTest(at(), async () => {
          await reader.query('BEGIN');
          for (const sql of statements) await reader.query(sql);
          const refused = await other.query(WRITE).then(
            () => 'nothing',
            (error: unknown) => (error as pg.DatabaseError).routine,
          );
          expect(refused).to.equal('LOCKSTEP_STALL');
          await reader.query('COMMIT');
          await other.query(WRITE);
        }));
    }

    it('lets those through who asked while it read', () =>
      inTest(at(), async () => {
        await reader.query('BEGIN');
        const reading = reader.query('SELECT count(*) FROM generate_series(1, 100000)');
        await Promise.all([reading, other.query(WRITE), reader.query(IDS), other.query(IDS)]);
        await reader.query("INSERT INTO item VALUES (3, 'three')");
        await reader.query('COMMIT');
        expect(await ids(other)).to.deep.equal([1, 2, 3]);
      }));

    it('lets the session through that cannot wait, and goes on with its writes and savepoints', () =>
      inTest(at(), async () => {
        const { session } = at().sandbox;
        await reader.query('BEGIN');
        await reader.query(IDS);
        session.execute(WRITE);
        await reader.query('SAVEPOINT one');
        await reader.query("INSERT INTO item VALUES (3, 'three')");
        await reader.query('ROLLBACK TO one');
        await reader.query("INSERT INTO item VALUES (4, 'four')");
        await reader.query('COMMIT');
        expect(session.execute(IDS).rows).to.deep.equal([{ id: '1' }, { id: '2' }, { id: '4' }]);
      }));

    it('fails as a whole where a later statement of it fails', () =>
      inTest(at(), async () => {
        await reader.query('BEGIN');
        await reader.query(IDS);
        await other.query(WRITE);
        expect(await code(reader, WRITE)).to.equal('23505');
        expect(await code(reader, IDS)).to.equal('25P02');
        expect(await ids(other)).to.deep.equal([1, 2]);
        await reader.query('ROLLBACK');
        expect(await ids(reader)).to.deep.equal([1, 2]);
      }));

    it('keeps its turn for the rows that are left of a query', () =>
      inTest(at(), async () => {
        await reader.query('BEGIN');
        const cursor = reader.query(new Cursor<{ n: number }>('SELECT n FROM generate_series(1, 3) n'));
        expect(await cursor.read(1)).to.deep.equal([{ n: 1 }]);
        const waiting = other.query(IDS);
        expect(await cursor.read(5)).to.deep.equal([{ n: 2 }, { n: 3 }]);
        await cursor.close();
        await waiting;
        await reader.query('COMMIT');
      }));

    it('is found where its test leaves it open', async () => {
      const { sandbox } = at();
      sandbox.begin({ kind: 'test', title: 'a leak' });
      await reader.query('BEGIN');
      await reader.query(IDS);
      await other.query(WRITE);
      expect(sandbox.leftovers().map(({ lastSql }) => lastSql)).to.deep.equal([IDS]);
      sandbox.end();
      await reader.query('ROLLBACK').catch(() => undefined);
    });

    it('keeps its turn where a function of the user has the name of one of the server', async () => {
      const body = "'BEGIN INSERT INTO log VALUES (1); RETURN i.name; END'";
      await inTest(at(), async () => {
        await other.query(`CREATE FUNCTION lower(i item) RETURNS text LANGUAGE plpgsql AS ${body}`);
        await reader.query('BEGIN');
        await reader.query('SELECT lower(item) FROM item');
        const waiting = other.query('SELECT * FROM log');
        await reader.query('ROLLBACK');
        expect((await waiting).rows).to.deep.equal([]);
      });
    });
  });
}

/** What the transaction sees at last, behind a write of another. */
async function seen(reader: pg.Client, other: pg.Client, statements: readonly string[]): Promise<unknown> {
  await reader.query('BEGIN');
  for (const sql of statements) await reader.query(sql);
  await other.query(WRITE);
  const found = await ids(reader);
  await reader.query('COMMIT');
  return found;
}

async function ids(client: pg.Client): Promise<readonly number[]> {
  return (await client.query<{ id: number }>(IDS)).rows.map(({ id }) => id);
}

async function code(client: pg.Client, sql: string): Promise<string | undefined> {
  return client.query(sql).then(
    () => undefined,
    (error: unknown) => (error as pg.DatabaseError).code,
  );
}
