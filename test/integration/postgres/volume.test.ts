import { expect } from 'chai';
import { createRequire } from 'node:module';
import type pg from 'pg';
import postgres from 'postgres';
import { connected, inTest, useSandbox } from './sandbox.js';

interface Reader extends pg.Submittable {
  read(rows: number): Promise<{ n: number }[]>;
  close(): Promise<void>;
}

// The package has no types.
const Cursor = createRequire(import.meta.url)('pg-cursor') as new (sql: string) => Reader;

describe('postgres: large answers and other drivers', function () {
  this.timeout(30_000);
  const at = useSandbox('volume_test', 'CREATE TABLE big (id int, body text)');

  it('passes 100,000 rows on, also to a client that reads in parts', async () => {
    const client = await connected(at().url);
    await inTest(at(), async () => {
      const { rows } = await client.query<{ n: number }>(
        "SELECT n, 'row ' || n AS t FROM generate_series(1, 100000) n",
      );
      expect([rows.length, rows.at(-1)]).to.deep.equal([100_000, { n: 100_000, t: 'row 100000' }]);

      const cursor = client.query(new Cursor('SELECT n FROM generate_series(1, 10) n'));
      expect((await cursor.read(4)).map(({ n }) => n)).to.deep.equal([1, 2, 3, 4]);
      expect((await cursor.read(100)).length).to.equal(6);
      await cursor.close();
    });
    await client.end();
  });

  it('passes a value of 50 MB in and out', async () => {
    const client = await connected(at().url);
    await inTest(at(), async () => {
      const body = 'x'.repeat(50 << 20);
      await client.query('INSERT INTO big VALUES (1, $1)', [body]);
      const { rows } = await client.query<{ body: string }>('SELECT body FROM big');
      expect(rows[0]?.body.length).to.equal(body.length);
    });
    await client.end();
  });

  it('serves postgres.js: pipelines, transactions, savepoints, notifications', async () => {
    const host = new URL(at().url).searchParams.get('host') ?? '';
    const sql = postgres({
      host,
      port: Number(new URL(at().url).port),
      user: 'a',
      pass: 'b',
      database: 'volume_test',
      max: 3,
      onnotice: () => undefined,
    });
    await inTest(at(), async () => {
      const ids = await Promise.all(
        [1, 2, 3, 4, 5].map(async (n) => (await sql`SELECT ${n}::int AS n`)[0]?.['n'] as number),
      );
      expect(ids).to.deep.equal([1, 2, 3, 4, 5]);

      const heard = new Promise((resolve) => void sql.listen('ch', resolve).then(() => sql.notify('ch', 'hello')));
      expect(await heard).to.equal('hello');

      await sql.begin(async (tx) => {
        await tx`INSERT INTO big VALUES (1, 'a')`;
        await tx.savepoint((inner) => inner`SELECT 1/0`).catch(() => undefined);
        await tx`INSERT INTO big VALUES (2, 'b')`;
      });
      expect((await sql`SELECT id FROM big ORDER BY id`).map(({ id }) => id as number)).to.deep.equal([1, 2]);
    });
    await sql.end({ timeout: 1 });
  });
});
