import { expect } from 'chai';
import pg from 'pg';
import postgres from 'postgres';
import { connected, inTest, useSandbox } from './sandbox.js';

const INSERT = 'INSERT INTO item VALUES (1)';
const REFUSED = /cannot execute INSERT in a read-only transaction/;

/** Ways to send statements over a connection that must not write; each gives the error it met. */
const ways: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  'pg, simple': (url) => over(url, (client) => client.query(INSERT)),
  'pg, prepared': (url) =>
    over(url, async (client) => {
      await client.query({ name: 'read', text: 'SELECT * FROM item WHERE id = $1', values: [1] });
      await client.query({ name: 'write', text: 'INSERT INTO item VALUES ($1)', values: [1] });
    }),
  'pg, sent at once': (url) =>
    over(url, async (client) => {
      const sent = [client.query('SELECT 1'), client.query(INSERT), client.query('SELECT 2')];
      const [, refused] = await Promise.allSettled(sent);
      if (refused?.status === 'rejected') throw refused.reason;
    }),
  'pg, several statements': (url) => over(url, (client) => client.query(`SELECT 1; ${INSERT}`)),
  'pg, behind a failure': (url) =>
    over(url, async (client) => {
      await client.query('SELECT 1/0').catch(() => undefined);
      await client.query(INSERT);
    }),
  'pg, by a pool': async (url) => {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    try {
      await pool.query(INSERT);
    } finally {
      await pool.end();
    }
  },
  'postgres.js': (url) => overPostgresJs(url, (sql) => sql.unsafe(INSERT)),
  'postgres.js, in a transaction': (url) =>
    overPostgresJs(url, (sql) => sql.begin((inner) => inner`INSERT INTO item VALUES (${1})`)),
  'postgres.js, sent at once': (url) =>
    overPostgresJs(url, (sql) => Promise.all([sql`SELECT 1`, sql`INSERT INTO item VALUES (${1})`])),
};

async function over(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<unknown> {
  const client = await connected(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function overPostgresJs(url: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<unknown> {
  const { searchParams, port, username, password, pathname } = new URL(url);
  const host = searchParams.get('host') ?? '';
  const sql = postgres({
    path: `${host}/.s.PGSQL.${port}`,
    username,
    password,
    database: pathname.slice(1),
    max: 1,
  });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

describe('postgres: a replica', () => {
  let reader = '';
  const at = useSandbox('replica_test', 'CREATE TABLE item (id int PRIMARY KEY)', {
    replicas: [{ env: [], swap: (url) => void (reader = url), readOnly: true }],
  });
  let writer: pg.Client;

  before(async () => {
    writer = await connected(at().url);
  });
  after(() => writer.end());

  it('refuses to write before the first test as well', async () => {
    const error = (await ways['pg, simple']?.(reader).catch((refused: unknown) => refused)) as pg.DatabaseError;
    expect(error).to.include({ code: '25006' });
    await inTest(at(), async () => expect((await writer.query('SELECT * FROM item')).rowCount).to.equal(0));
  });

  for (const [title, way] of Object.entries(ways)) {
    it(`refuses to write: ${title}`, async () => {
      await inTest(at(), async () => {
        await writer.query('INSERT INTO item VALUES (7)');
        const error = (await way(reader).catch((refused: unknown) => refused)) as pg.DatabaseError;
        expect(error).to.include({ code: '25006' });
        expect(error.message).to.match(REFUSED);

        // Nothing of it stays with the one real connection.
        await writer.query(INSERT);
        expect(at().sandbox.session.execute('INSERT INTO item VALUES (2)').changes).to.equal(1);
        await over(reader, async (client) => {
          expect((await client.query('SELECT * FROM item')).rowCount).to.equal(3);
          await writer.query('INSERT INTO item VALUES (3)');
        });
      });
    });
  }

  it('leaves no transaction behind that may only read, whoever began it', async () => {
    await inTest(at(), async () => {
      for (const id of [1, 2, 3]) {
        await over(reader, (client) => client.query('SELECT * FROM item'));
        await writer.query('BEGIN READ ONLY');
        await writer.query('SELECT * FROM item');
        await writer.query('COMMIT');
        await writer.query('INSERT INTO item VALUES ($1)', [id]);
      }
      expect((await writer.query('SELECT * FROM item')).rowCount).to.equal(3);
    });
  });
});
