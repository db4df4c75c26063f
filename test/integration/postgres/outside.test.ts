import { expect } from 'chai';
import pg from 'pg';
import { connected, inTest, useSandbox, type TestSandbox } from './sandbox.js';

const SCHEMA = `
  CREATE TABLE jobs (id serial PRIMARY KEY, taken_by text);
  INSERT INTO jobs (taken_by) VALUES (NULL), (NULL);
  CREATE TYPE mood AS ENUM ('sad');
  CREATE PROCEDURE in_two_steps() LANGUAGE plpgsql AS $$BEGIN
    INSERT INTO jobs (taken_by) VALUES ('first'); COMMIT; INSERT INTO jobs (taken_by) VALUES ('second'); END$$;
`;
const TAKE = 'SELECT id FROM jobs WHERE taken_by IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED';

for (const host of ['in-thread', 'worker'] as const) {
  describe(`Outside of a sandbox of Postgres: ${host}`, function () {
    this.timeout(20_000);
    const at = useSandbox(`outside_${host.replace('-', '_')}`, SCHEMA, { host });
    const pools: pg.Pool[] = [];

    before(async () => {
      await at().sandbox.keepForOutside();
      at().sandbox.begin({ kind: 'layer', title: 'hooks around' });
      at().sandbox.session.script("INSERT INTO jobs (id, taken_by) VALUES (100, 'the layer')");
    });
    after(async () => {
      for (const pool of pools.splice(0)) await pool.end();
    });

    function poolOf(options: pg.PoolConfig = {}): pg.Pool & { readonly failures: Error[] } {
      const failures: Error[] = [];
      const pool = new pg.Pool({ connectionString: at().url, ...options });
      pool.on('error', (error) => failures.push(error));
      pools.push(pool);
      return Object.assign(pool, { failures });
    }

    it('has two transactions at a time, on connections that were there before', async () => {
      const pool = poolOf();
      const names = async (): Promise<unknown[]> =>
        (await pool.query<{ taken_by: unknown }>('SELECT taken_by FROM jobs ORDER BY id')).rows.map(
          (row) => row.taken_by,
        );
      await inTest(at(), async () => {
        const [one, two] = [await pool.connect(), await pool.connect()];
        await one.query("SET application_name = 'one'");
        one.release();
        two.release();
        expect(await names()).to.deep.equal([null, null, 'the layer']);
      });

      await outside(at(), async () => {
        await inTest(at(), async () => {
          const [one, two] = [await pool.connect(), await pool.connect()];
          await Promise.all([one.query('BEGIN'), two.query('BEGIN')]);
          const first = await one.query<{ id: number }>(TAKE);
          const second = await two.query<{ id: number }>(TAKE);
          expect([first.rows[0]?.id, second.rows[0]?.id]).to.deep.equal([1, 2]);
          await one.query("UPDATE jobs SET taken_by = 'one' WHERE id = 1");
          await Promise.all([one.query('COMMIT'), two.query('COMMIT')]);
          one.release();
          two.release();
          expect(await names()).to.deep.equal(['one', null]);
        });
        await inTest(at(), async () => expect(await names()).to.deep.equal(['one', null]));
      });

      await inTest(at(), async () => expect(await names()).to.deep.equal([null, null, 'the layer']));
      expect(pool.failures).to.deep.equal([]);
    });

    it('leaves no database behind', async () => {
      const { direct } = at();
      await outside(at(), () => Promise.resolve());
      const stranger = await connected(direct);
      const { rows } = await stranger.query(
        "SELECT datname FROM pg_database WHERE starts_with(datname, current_database() || '_outside')",
      );
      await stranger.end();
      expect(rows).to.have.length(1);
    });
  });
}

async function outside({ sandbox }: TestSandbox, work: () => Promise<void>): Promise<void> {
  await sandbox.goOutside();
  try {
    await work();
  } finally {
    await sandbox.comeBack();
  }
}
