import { expect } from 'chai';
import pg from 'pg';
import { connected, inTest, useSandbox } from './sandbox.js';

describe('postgres: one transaction for all', () => {
  const at = useSandbox('thin_test', 'CREATE TABLE item (id int PRIMARY KEY, name text UNIQUE)');

  it('shows the rows of one client to the others and forgets them at the end', async () => {
    const [one, two] = [await connected(at().url), await connected(at().url)];
    await inTest(at(), async () => {
      await one.query("INSERT INTO item VALUES (1, 'one')");
      const { rows } = await two.query('SELECT * FROM item WHERE id = $1', [1]);
      expect(rows).to.deep.equal([{ id: 1, name: 'one' }]);
      expect(at().sandbox.session.execute('SELECT name FROM item').rows).to.deep.equal([{ name: 'one' }]);
    });
    await inTest(at(), async () => {
      expect((await two.query('SELECT * FROM item')).rowCount).to.equal(0);
    });
    await one.end();
    await two.end();

    const direct = await connected(at().direct);
    expect((await direct.query('SELECT * FROM item')).rowCount).to.equal(0);
    await direct.end();
  });

  it('serves concurrent transactions of a pool one after the other', async () => {
    const pool = new pg.Pool({ connectionString: at().url, max: 5 });
    await inTest(at(), async () => {
      await pool.query("INSERT INTO item VALUES (1, '0')");
      const add = async (): Promise<void> => {
        const client = await pool.connect();
        await client.query('BEGIN');
        const { rows } = await client.query<{ name: string }>('SELECT name FROM item WHERE id = 1 FOR UPDATE');
        await client.query('UPDATE item SET name = $1 WHERE id = 1', [String(Number(rows[0]?.name) + 1)]);
        await client.query('COMMIT');
        client.release();
      };
      await Promise.all(Array.from({ length: 20 }, add));
      expect((await pool.query('SELECT name FROM item')).rows).to.deep.equal([{ name: '20' }]);
    });
    await pool.end();
  });

  it('undoes only the statement that failed', async () => {
    const client = await connected(at().url);
    await inTest(at(), async () => {
      await client.query("INSERT INTO item VALUES (1, 'one')");
      const error: unknown = await client
        .query("INSERT INTO item VALUES (2, 'one')")
        .catch((reason: unknown) => reason);
      expect(error).to.include({ code: '23505', constraint: 'item_name_key' });
      expect((await client.query('SELECT id FROM item')).rows).to.deep.equal([{ id: 1 }]);
    });
    await client.end();
  });

  it('runs BEGIN, COMMIT and ROLLBACK as production does', async () => {
    const client = await connected(at().url);
    await inTest(at(), async () => {
      expect((await client.query('BEGIN')).command).to.equal('BEGIN');
      await client.query("INSERT INTO item VALUES (1, 'one')");
      expect((await client.query('ROLLBACK')).command).to.equal('ROLLBACK');
      expect((await client.query('SELECT * FROM item')).rowCount).to.equal(0);

      await client.query('BEGIN');
      await client.query("INSERT INTO item VALUES (1, 'one')");
      expect((await client.query('/* x */ COMMIT')).command).to.equal('COMMIT');
      expect((await client.query('SELECT * FROM item')).rowCount).to.equal(1);
    });
    await client.end();
  });
});
