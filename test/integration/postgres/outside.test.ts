import { expect } from 'chai';
import pg from 'pg';
import postgres from 'postgres';
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

    it('does what one transaction cannot', async () => {
      const pool = poolOf();
      await outside(at(), () =>
        inTest(at(), async () => {
          await pool.query("ALTER TYPE mood ADD VALUE 'glad'");
          expect((await pool.query("SELECT 'glad'::mood AS mood")).rows).to.deep.equal([{ mood: 'glad' }]);
          await pool.query('CALL in_two_steps()');
          await pool.query('VACUUM jobs');
          await pool.query("BEGIN; INSERT INTO jobs DEFAULT VALUES; PREPARE TRANSACTION 'left behind'");

          const [one, two] = [await pool.connect(), await pool.connect()];
          const locked = async (client: pg.PoolClient): Promise<unknown> =>
            (await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock(7) AS got')).rows[0]?.got;
          expect([await locked(one), await locked(two)]).to.deep.equal([true, false]);

          for (const client of [one, two]) await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
          for (const client of [one, two]) await client.query('SELECT count(*) FROM jobs');
          for (const client of [one, two]) await client.query("INSERT INTO jobs (taken_by) VALUES ('both')");
          await one.query('COMMIT');
          expect(await codeOf(two.query('COMMIT'))).to.equal('40001');

          await one.query('BEGIN');
          await one.query('SELECT FROM jobs WHERE id = 1 FOR UPDATE');
          expect(await codeOf(two.query('SELECT FROM jobs WHERE id = 1 FOR UPDATE NOWAIT'))).to.equal('55P03');
          await one.query('ROLLBACK');
          one.release();
          two.release();
        }),
      );
    });

    it('ends what a test has left open, and names it', async () => {
      const pool = poolOf({ max: 1 });
      const { sandbox } = at();
      await outside(at(), async () => {
        sandbox.begin({ kind: 'test', title: 'the leaking test' });
        const client = await pool.connect();
        await client.query('BEGIN');
        await client.query("UPDATE jobs SET taken_by = 'leaked'");
        expect(sandbox.leftovers()).to.deep.equal([
          {
            kind: 'transaction',
            connection: sandbox.leftovers()[0]?.connection,
            lastSql: "UPDATE jobs SET taken_by = 'leaked'",
            idle: true,
          },
        ]);
        sandbox.end();
        const [cut] = sandbox.cutConnections();
        expect(cut?.title).to.equal('the leaking test');

        await inTest(at(), async () => {
          expect(await failureOf(client.query('SELECT 1'))).to.include('"the leaking test"');
          expect(await failureOf(client.query('COMMIT'))).to.include('"the leaking test"');
          const { rows } = await client.query("SELECT count(*)::int AS found FROM jobs WHERE taken_by = 'leaked'");
          expect(rows).to.deep.equal([{ found: 0 }]);
          client.release();
        });
        expect(sandbox.leftovers()).to.deep.equal([]);
      });
      await inTest(at(), async () => expect((await pool.query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }]));
      expect(pool.failures).to.deep.equal([]);
    });

    it('cancels what runs at the end of a test', async () => {
      const pool = poolOf({ max: 1 });
      await outside(at(), async () => {
        let slow: Promise<unknown> = Promise.resolve();
        await inTest(
          at(),
          async () => {
            const client = await pool.connect();
            await client.query('BEGIN');
            slow = failureOf(client.query('SELECT pg_sleep(60)')).finally(() => client.release());
            await new Promise((resolve) => setTimeout(resolve, 50));
          },
          'the slow test',
        );
        expect(await slow).to.include('"the slow test"');
        await inTest(at(), async () => {
          await pool.query('ROLLBACK').catch(() => undefined);
          expect((await pool.query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }]);
        });
      });
    });

    it('refuses what comes between two tests', async () => {
      const pool = poolOf({ max: 1 });
      await outside(at(), async () => {
        await inTest(at(), async () => void (await pool.query('SELECT 1')));
        expect(await failureOf(pool.query("INSERT INTO jobs (taken_by) VALUES ('late')"))).to.include(
          'LOCKSTEP_STRAGGLER',
        );
      });
      expect(await failureOf(pool.query("INSERT INTO jobs (taken_by) VALUES ('late')"))).to.include(
        'LOCKSTEP_STRAGGLER',
      );
    });

    it('gives way when the function of a test has failed', async () => {
      const pool = poolOf();
      const { sandbox } = at();
      await outside(at(), async () => {
        sandbox.begin({ kind: 'test', title: 'a failing test' });
        sandbox.functionBegins();
        const client = await pool.connect();
        await client.query('BEGIN');
        await client.query('LOCK TABLE jobs');
        sandbox.functionOver(true);
        await pool.query("INSERT INTO jobs (taken_by) VALUES ('a hook')");
        expect(sandbox.leftovers()).to.deep.equal([]);
        await client.query('ROLLBACK');
        client.release();
        sandbox.end();
      });
    });

    for (const [who, truncate] of [
      ['the app', async (pool: pg.Pool) => void (await pool.query('TRUNCATE jobs'))],
      ['the session', () => Promise.resolve(at().sandbox.session.script('TRUNCATE jobs'))],
    ] as const) {
      it(`gives way to hooks that have to wait for it: ${who}`, async () => {
        const pool = poolOf();
        const { sandbox } = at();
        await outside(at(), async () => {
          sandbox.begin({ kind: 'test', title: 'a test that leaves one open' });
          sandbox.functionBegins();
          const [client, other] = [await pool.connect(), await pool.connect()];
          for (const each of [client, other]) await each.query('BEGIN');
          await client.query("INSERT INTO jobs (taken_by) VALUES ('left')");
          await other.query('SELECT 1');
          sandbox.functionOver(false);
          await truncate(pool);
          expect(sandbox.leftovers().map(({ kind, lastSql }) => [kind, lastSql])).to.have.deep.members([
            ['transaction', "INSERT INTO jobs (taken_by) VALUES ('left')"],
            ['transaction', 'SELECT 1'],
          ]);
          expect(await failureOf(client.query('SELECT 1'))).to.include('"a test that leaves one open"');
          await client.query('ROLLBACK');
          await other.query('SELECT 2');
          await other.query('COMMIT');
          expect(sandbox.leftovers()).to.deep.equal([]);
          await client.query('BEGIN');
          expect((await client.query('SELECT FROM jobs')).rowCount).to.equal(0);
          await client.query('COMMIT');
          client.release();
          other.release();
          sandbox.end();
          await inTest(at(), async () => expect((await pool.query('SELECT FROM jobs')).rowCount).to.equal(0));
        });
        expect(pool.failures).to.deep.equal([]);
      });
    }

    it('names what gave way and was never ended', async () => {
      const pool = poolOf({ max: 2 });
      const { sandbox } = at();
      await outside(at(), async () => {
        sandbox.begin({ kind: 'test', title: 'the leaking test' });
        sandbox.functionBegins();
        const client = await pool.connect();
        await client.query('BEGIN');
        await client.query('LOCK TABLE jobs');
        sandbox.functionOver(false);
        await pool.query('TRUNCATE jobs');
        sandbox.end();
        await inTest(at(), async () => {
          expect(sandbox.leftovers()).to.deep.equal([]);
          expect(await failureOf(client.query('SELECT 1'))).to.include('"the leaking test"');
          await client.query('ROLLBACK').catch(() => undefined);
          expect((await client.query('SELECT FROM jobs')).rowCount).to.equal(0);
        });
        client.release();
      });
    });

    it('says who has the lock that the session waits for, and goes on', async () => {
      const pool = poolOf({ max: 1 });
      const { sandbox } = at();
      await outside(at(), () =>
        inTest(at(), async () => {
          const client = await pool.connect();
          // What a hook has begun never gives way.
          await client.query('BEGIN');
          await client.query('LOCK TABLE jobs');
          sandbox.functionBegins();
          sandbox.functionOver(false);
          expect(() => sandbox.session.script('TRUNCATE jobs'))
            .to.throw(/"TRUNCATE jobs".*waited for a lock that .*is idle after "LOCK TABLE jobs"/s)
            .with.property('message')
            .that.includes('LOCKSTEP_STALL');
          expect(sandbox.session.execute('SELECT 1 AS one').rows).to.deep.equal([{ one: '1' }]);
          await client.query("UPDATE jobs SET taken_by = 'still there'");
          await client.query('COMMIT');
          expect((await client.query("SELECT FROM jobs WHERE taken_by = 'still there'")).rowCount).to.equal(2);
          sandbox.session.script('TRUNCATE jobs');
          client.release();
        }),
      );
    });

    it('takes prepared statements along and brings them back', async () => {
      const pool = poolOf({ max: 1 });
      const before = (): Promise<pg.QueryResult> =>
        pool.query({ name: 'before', text: 'SELECT count(*)::int AS found FROM jobs' });
      const there = (): Promise<pg.QueryResult> =>
        pool.query({ name: 'there', text: 'SELECT max(id) AS id FROM jobs' });
      await inTest(at(), async () => expect((await before()).rows).to.deep.equal([{ found: 3 }]));
      await outside(at(), () =>
        inTest(at(), async () => {
          expect((await before()).rows).to.deep.equal([{ found: 2 }]);
          expect((await there()).rows).to.deep.equal([{ id: 2 }]);
        }),
      );
      await inTest(at(), async () => {
        expect((await before()).rows).to.deep.equal([{ found: 3 }]);
        expect((await there()).rows).to.deep.equal([{ id: 100 }]);
      });
    });

    it('takes settings along, and brings none back', async () => {
      const client = await connected(at().url);
      const told: string[] = [];
      const { connection } = client as unknown as {
        connection: {
          on(event: string, heard: (message: { parameterName: string; parameterValue: string }) => void): void;
        };
      };
      connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
        if (parameterName === 'application_name') told.push(parameterValue);
      });
      const show = async (): Promise<unknown[]> =>
        (
          await client.query<Record<string, string>>(
            "SELECT current_setting('search_path') AS path, current_setting('application_name') AS name",
          )
        ).rows.flatMap((row) => Object.values(row));
      const { sandbox } = at();
      sandbox.begin({ kind: 'layer', title: 'settings' });
      await client.query("SET search_path = pg_catalog; SET application_name = 'mine'");
      await outside(at(), () =>
        inTest(at(), async () => {
          expect(await show()).to.deep.equal(['pg_catalog', 'mine']);
          await client.query("SET search_path = nowhere; SET application_name = 'theirs'");
          expect(await show()).to.deep.equal(['nowhere', 'theirs']);
        }),
      );
      sandbox.resume();
      expect(await show()).to.deep.equal(['pg_catalog', 'mine']);
      expect(told.slice(-2)).to.deep.equal(['theirs', 'mine']);
      await client.end();
      sandbox.end();
    });

    it('lets hear who listened before', async () => {
      const [listener, other] = [await connected(at().url), await connected(at().url)];
      const { sandbox } = at();
      const heard: unknown[] = [];
      listener.on('notification', ({ channel, payload, processId }) =>
        heard.push([channel, payload, processId === pidOf(other)]),
      );
      sandbox.begin({ kind: 'layer', title: 'a listener' });
      await listener.query('LISTEN news');
      await outside(at(), () =>
        inTest(at(), async () => {
          await other.query("DO $$BEGIN PERFORM pg_notify('news', 'from a block'); END$$");
          for (let looks = 0; heard.length === 0 && looks < 100; looks += 1)
            await new Promise((resolve) => setTimeout(resolve, 10));
          expect(heard).to.deep.equal([['news', 'from a block', true]]);
        }),
      );
      sandbox.resume();
      await other.query("NOTIFY news, 'inside'");
      await listener.query('SELECT 1');
      expect(heard[1]).to.deep.equal(['news', 'inside', true]);
      await Promise.all([listener.end(), other.end()]);
      sandbox.end();
    });

    it('cancels the right backend', async () => {
      const sql = postgres(at().url, { max: 2 });
      await outside(at(), () =>
        inTest(at(), async () => {
          const slow = sql`SELECT pg_sleep(60)`;
          const failed = codeOf(slow.execute());
          await new Promise((resolve) => setTimeout(resolve, 100));
          slow.cancel();
          expect(await failed).to.equal('57014');
          expect(await sql`SELECT 1 AS one`).to.deep.equal([{ one: 1 }]);
        }),
      );
      await sql.end();
    });

    it('ends a connection whose backend is ended, and no other', async () => {
      const [one, two] = [await connected(at().url), await connected(at().url)];
      await outside(at(), () =>
        inTest(at(), async () => {
          const ended = new Promise((resolve) => one.once('end', resolve));
          const { rows } = await one.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
          await two.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
          await ended;
          expect((await two.query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }]);
        }),
      );
      await two.end();
    });

    it('takes new connections, and keeps them', async () => {
      const pool = poolOf();
      await outside(at(), () =>
        inTest(at(), async () => {
          expect((await pool.query('SELECT FROM jobs')).rowCount).to.equal(2);
        }),
      );
      await inTest(at(), async () => expect((await pool.query('SELECT FROM jobs')).rowCount).to.equal(3));
      expect([pool.failures, pool.totalCount]).to.deep.equal([[], 1]);
    });

    it('lets new connections begin with what their pool sets', async () => {
      const pool = poolOf({ max: 1 });
      pool.on('connect', (client) => {
        void client.query("SELECT 1; SELECT set_config('app.tenant', '7', false)");
        void client.query("SET search_path = pg_catalog, public; SET timezone = 'Asia/Tokyo'");
      });
      const settings = async (): Promise<unknown> =>
        (await pool.query("SELECT current_setting('search_path') AS path, current_setting('timezone') AS zone")).rows;
      const expected = [{ path: 'pg_catalog, public', zone: 'Asia/Tokyo' }];
      await outside(at(), () =>
        inTest(at(), async () => {
          expect(await settings()).to.deep.equal(expected);
        }),
      );
      await inTest(at(), async () => expect(await settings()).to.deep.equal(expected));
      expect(pool.totalCount).to.equal(1);
    });

    it('leaves timeouts of a connection to the server', async () => {
      const client = await connected(at().url);
      let ended = false;
      client.once('end', () => (ended = true));
      const { sandbox } = at();
      sandbox.begin({ kind: 'layer', title: 'settings' });
      await client.query('SET idle_in_transaction_session_timeout = 100');
      await outside(at(), () =>
        inTest(at(), async () => {
          for (let looks = 0; looks < 10; looks += 1) {
            await client.query('SELECT 1');
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
          expect(ended).to.equal(false);
          await client.query('BEGIN');
          await new Promise((resolve) => client.once('end', resolve));
        }),
      );
      sandbox.resume();
      sandbox.end();
    });

    it('brings back whoever is amid a transaction', async () => {
      const pool = poolOf({ max: 1 });
      const { sandbox } = at();
      await sandbox.goOutside();
      sandbox.begin({ kind: 'layer', title: 'hooks' });
      const client = await pool.connect();
      await client.query('BEGIN');
      await client.query("INSERT INTO jobs (taken_by) VALUES ('lost')");
      await sandbox.comeBack();
      expect(await failureOf(client.query('SELECT 1'))).to.include('LOCKSTEP_STRAGGLER');
      await client.query('ROLLBACK').catch(() => undefined);
      expect((await client.query('SELECT 1 AS one')).rows).to.deep.equal([{ one: 1 }]);
      client.release();
      sandbox.end();
      expect(pool.failures).to.deep.equal([]);
    });

    it('logs statements', async () => {
      const pool = poolOf({ max: 1 });
      const { sandbox } = at();
      const from = sandbox.log.count;
      await outside(at(), () =>
        inTest(at(), async () => {
          await pool.query('BEGIN; SELECT FROM jobs; SELECT 1');
          await pool.query('SELECT $1::int', [1]);
          await pool.query('COMMIT');
          await codeOf(pool.query('SELECT nothing FROM jobs WHERE id = $1', [1]));
          await codeOf(pool.query('SELECT 1; SELECT 1 / 0'));
        }),
      );
      const logged = sandbox.log
        .since(from)
        .events.map(({ sql, rows, transaction, error }) => [sql, rows, transaction, error?.code]);
      expect(logged).to.deep.equal([
        ['BEGIN', 0, 1, undefined],
        ['SELECT FROM jobs', 2, 1, undefined],
        ['SELECT 1', 1, 1, undefined],
        ['SELECT $1::int', 1, 1, undefined],
        ['COMMIT', 0, 1, undefined],
        ['SELECT nothing FROM jobs WHERE id = $1', 0, undefined, '42703'],
        ['SELECT 1', 1, undefined, undefined],
        ['SELECT 1 / 0', 0, undefined, '22012'],
      ]);
    });

    it('has a session of its own there', async () => {
      const { sandbox } = at();
      const { session } = sandbox;
      await outside(at(), async () => {
        await inTest(at(), () => {
          session.script("BEGIN; INSERT INTO jobs (taken_by) VALUES ('the session')");
          expect(session.inTransaction).to.equal(true);
          return Promise.resolve();
        });
        await inTest(at(), () => {
          expect(session.inTransaction).to.equal(false);
          const found = (): unknown => session.execute('SELECT count(*)::int AS found FROM jobs').rows;
          expect(found()).to.deep.equal([{ found: '2' }]);
          session.script("INSERT INTO jobs (taken_by) VALUES ('the session')");
          expect(found()).to.deep.equal([{ found: '3' }]);
          return Promise.resolve();
        });
      });
      await inTest(at(), () => {
        expect(session.execute('SELECT count(*)::int AS found FROM jobs').rows).to.deep.equal([{ found: '3' }]);
        return Promise.resolve();
      });
    });
  });
}

describe('Outside of a sandbox of Postgres: what dead processes have left', () => {
  const at = useSandbox('outside_dead', SCHEMA);

  it('is dropped by the next one, and nothing else', async function () {
    this.timeout(20_000);
    const elsewhere = await connected({ ...at().direct, database: 'postgres' });
    for (const name of ['test_0000dead', 'test_0000dead_2', 'test_of_somebody'])
      await elsewhere.query(`CREATE DATABASE outside_dead_outside_${name}`);
    const { sandbox } = at();
    await sandbox.keepForOutside();
    await outside(at(), async () => {
      const { rows } = await elsewhere.query<{ name: string }>(
        "SELECT substr(datname, 27) AS name FROM pg_database WHERE starts_with(datname, 'outside_dead_outside_') ORDER BY name",
      );
      const names = rows.map(({ name }) => name.replace(/^[0-9a-f]{8}/, 'its own'));
      expect(names).to.have.members(['its own', 'its own_1', 'of_somebody']);
    });
    await elsewhere.query('DROP DATABASE outside_dead_outside_test_of_somebody');
    await elsewhere.end();
  });
});

describe('Outside of a sandbox that cannot be copied', () => {
  const at = useSandbox('outside_refused', SCHEMA);

  it('says who is in the way, and everybody stays where they are', async function () {
    this.timeout(20_000);
    const stranger = await connected(at().direct);
    const { sandbox } = at();
    await sandbox.keepForOutside();
    expect(await failureOf(sandbox.goOutside()))
      .to.include('LOCKSTEP_OUTSIDE')
      .and.include('other session');
    await inTest(at(), () => {
      expect(sandbox.session.execute('SELECT count(*)::int AS found FROM jobs').rows).to.deep.equal([{ found: '2' }]);
      return Promise.resolve();
    });
    await stranger.end();
  });
});

function pidOf(client: pg.Client): number {
  return (client as unknown as { readonly processID: number }).processID;
}

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => (error as { readonly code?: unknown }).code,
  );
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'it succeeded',
    (error: unknown) => String(error),
  );
}

async function outside({ sandbox }: TestSandbox, work: () => Promise<void>): Promise<void> {
  await sandbox.goOutside();
  try {
    await work();
  } finally {
    await sandbox.comeBack();
  }
}
