import { expect } from 'chai';
import { Cast, type Step } from './compare.js';
import { connected, inTest, type TestSandbox, useSandbox } from './sandbox.js';
import { newDatabase } from './server.js';

const SCHEMA = 'CREATE TABLE item (id int PRIMARY KEY, name text)';

const a = (sql: string, ...values: unknown[]): Step => ({ on: 'a', sql, ...(values.length > 0 && { values }) });
const b = (sql: string, ...values: unknown[]): Step => ({ on: 'b', sql, ...(values.length > 0 && { values }) });
const both = (sql: string): Step[] => [a(sql), b(sql)];
/** By the extended protocol. */
const extended = (on: 'a' | 'b', sql: string, name = ''): Step => ({
  on,
  sql,
  extended: true,
  ...(name && { name }),
});

/** What clients do before the first scope, and in the scopes to come: each as on a connection of its own. */
const CASES: Readonly<Record<string, readonly (readonly Step[])[]>> = {
  'set_config and SET': [
    [
      a("SELECT set_config('app.tenant', 'acme', false)"),
      a('SELECT set_config($1, $2, false)', 'app.user', 'me'),
      extended('b', "SET TIME ZONE 'Asia/Tokyo'"),
      a("SELECT set_config('app.one', $1, $2), set_config('app.two', 'x', false)", '1', false),
      ...both("SELECT coalesce(current_setting('app.tenant', true), '')"),
      a("SELECT set_config('app.tenant', 'nobody', true)"),
    ],
    [
      ...both("SELECT coalesce(current_setting('app.tenant', true), '') AS tenant"),
      ...both("SELECT coalesce(current_setting('app.user', true), '') AS name"),
      ...both(
        "SELECT coalesce(current_setting('app.one', true), '') || coalesce(current_setting('app.two', true), '') AS both",
      ),
      ...both('SHOW timezone'),
    ],
    [
      ...both("SELECT coalesce(current_setting('app.tenant', true), '') AS tenant"),
      a('RESET timezone'),
      b('RESET ALL'),
    ],
  ],
  'settings of transactions': [
    [
      a('BEGIN'),
      a("SET work_mem = '5MB'"),
      a('ROLLBACK'),
      a('SHOW work_mem'),
      b("BEGIN; SET LOCAL work_mem = '6MB'; SET statement_timeout = 7000; COMMIT"),
      b('SHOW work_mem'),
      a('BEGIN'),
      a("SET work_mem = '8MB'"),
      a('SELECT 1/0'),
      a('COMMIT'),
      a("SET work_mem = '9MB'; SELECT 1/0"),
    ],
    [...both('SHOW work_mem'), ...both('SHOW statement_timeout')],
  ],
  'prepared statements of the same name': [
    [
      a("PREPARE p AS SELECT 'a' AS of"),
      b("PREPARE p AS SELECT 'b' AS of"),
      ...both('EXECUTE p'),
      extended('a', 'EXECUTE p'),
      a('PREPARE q AS SELECT $1::int AS n; EXECUTE q(1); EXECUTE q(2)'),
      extended('a', 'SELECT 1 AS one', 'named'),
      b('DEALLOCATE ALL'),
      extended('b', 'DEALLOCATE ALL'),
      b('EXECUTE p'),
      a('EXECUTE p'),
      b('PREPARE p AS SELECT 3 AS n'),
    ],
    [
      ...both('EXECUTE p'),
      a('EXECUTE q(5)'),
      b('EXECUTE q(5)'),
      extended('a', 'SELECT 1 AS one', 'named'),
      a('DEALLOCATE p'),
    ],
    [...both('EXECUTE p')],
  ],
  'who listens': [
    [
      ...both('LISTEN shop'),
      a('LISTEN "Other"'),
      b("NOTIFY shop, 'early'"),
      ...both('SELECT 1'),
      b('UNLISTEN shop'),
      b('BEGIN; LISTEN "Other"; ROLLBACK'),
      a("NOTIFY shop, 'mine'"),
      b("SELECT pg_notify('Other', 'of b')"),
      ...both('SELECT 2'),
      b('UNLISTEN *'),
      b('NOTIFY "Other"'),
      ...both('SELECT 3'),
    ],
    [b("NOTIFY shop, 'late'"), ...both('SELECT 4')],
    [b("NOTIFY shop, 'later'"), ...both('SELECT 5')],
  ],
  'temporary tables of the same name': [
    [
      a('CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1)'),
      b('CREATE TEMP TABLE t (name text) ON COMMIT DELETE ROWS'),
      b("INSERT INTO t VALUES ('x')"),
      ...both('SELECT * FROM t'),
      b("BEGIN; INSERT INTO t VALUES ('x'); SELECT * FROM t"),
      b('COMMIT'),
      a('CREATE TEMP TABLE gone (id int) ON COMMIT DROP'),
      a('SELECT * FROM gone'),
    ],
    [
      ...both('SELECT * FROM t'),
      b("BEGIN; INSERT INTO t VALUES ('y'); SELECT * FROM t"),
      b('COMMIT'),
      ...both('SELECT * FROM t'),
      a('INSERT INTO t VALUES (2)'),
      a('DELETE FROM t WHERE id = 2'),
    ],
    [...both('SELECT * FROM t'), a('DISCARD TEMP'), ...both('SELECT * FROM t')],
  ],
  'a session that discards all': [
    [
      ...both("SET work_mem = '5MB'; SET idle_session_timeout = '1h'"),
      ...both('PREPARE p AS SELECT 1 AS n'),
      ...both('CREATE TEMP TABLE t (id int)'),
      ...both('LISTEN shop'),
      a('DISCARD ALL'),
      extended('a', 'DISCARD ALL'),
      a('BEGIN'),
      a('DISCARD ALL'),
      a('ROLLBACK'),
      ...both('SHOW work_mem'),
      ...both('SHOW idle_session_timeout'),
      ...both('EXECUTE p'),
      ...both('SELECT * FROM t'),
    ],
    [...both('SHOW work_mem'), ...both('EXECUTE p'), a('NOTIFY shop'), ...both('SELECT 1')],
  ],
  'only temporary things': [
    [
      ...both('CREATE TEMP TABLE t (id int)'),
      a('DISCARD TEMP'),
      ...both('SELECT * FROM t'),
      a('CREATE TEMP TABLE t (id int)'),
      extended('a', 'DISCARD TEMPORARY'),
      ...both('SELECT * FROM t'),
    ],
    both('SELECT * FROM t'),
  ],
  'a cursor that outlives its transaction': [
    [a('BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT n FROM generate_series(1, 5) AS n; COMMIT'), a('FETCH 2 FROM c')],
    [a('FETCH 2 FROM c')],
  ],
  'whose transaction may not write': [
    [
      a('SET default_transaction_read_only = on'),
      a('CREATE TABLE other (id int)'),
      b('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY'),
      b('BEGIN READ WRITE; INSERT INTO item VALUES (7); COMMIT'),
    ],
    [...both('INSERT INTO item VALUES (8)'), ...both('SHOW default_transaction_read_only')],
  ],
};

/** Runs the phases on direct connections, one after the other, and in a sandbox, of which the first is its setup. */
async function samePhases(at: TestSandbox, phases: readonly (readonly Step[])[]): Promise<void> {
  const direct = new Cast({ ...at.direct, database: (await directly(at)).database });
  const sandboxed = new Cast(at.url);

  for (const [index, phase] of phases.entries()) {
    const real = await direct.perform(phase);
    const emulated =
      index === 0 ? await sandboxed.perform(phase) : await inTest(at, () => sandboxed.perform(phase), `${index}`);
    expect(emulated, `phase ${index}`).to.deep.equal(real);
  }
  await direct.end();
  await sandboxed.end();
}

async function directly({ direct: { database = '' } }: TestSandbox): ReturnType<typeof newDatabase> {
  const config = await newDatabase(`${database}_direct`);
  const client = await connected(config);
  await client.query(SCHEMA);
  await client.end();
  return config;
}

describe('postgres: what a connection does before the first scope', () => {
  for (const [index, [title, phases]] of Object.entries(CASES).entries()) {
    describe(title, () => {
      const at = useSandbox(`early_${index}_test`, SCHEMA);
      it('is its own, for as long as it is connected', () => samePhases(at(), phases));
    });
  }

  describe('advisory locks', () => {
    const at = useSandbox('early_locks_test', SCHEMA);
    const KEYS = ['7', '-8', '9, 10', '-11, 12', '9000000000'];

    it('are kept through all scopes, until their client gives them back or goes', async () => {
      const [leader, other, stranger] = await Promise.all([
        connected(at().url),
        connected(at().url),
        connected(at().direct),
      ]);
      /** Those that somebody else could take. */
      const free = async (): Promise<string[]> => {
        const found: string[] = [];
        for (const key of KEYS) {
          const { rows } = await stranger.query<{ taken: boolean }>(`SELECT pg_try_advisory_lock(${key}) AS taken`);
          if (rows[0]?.taken === true) found.push(key);
        }
        await stranger.query('SELECT pg_advisory_unlock_all()');
        return found;
      };

      for (const key of KEYS.slice(0, 4)) await leader.query(`SELECT pg_advisory_lock(${key})`);
      await other.query('BEGIN; SELECT pg_advisory_xact_lock(13), pg_try_advisory_lock(9000000000); COMMIT');
      await leader.query('SELECT pg_advisory_unlock(7)');
      expect(await free()).to.deep.equal(['7']);

      await inTest(at(), () => other.query('SELECT pg_advisory_lock(7)'), 'one');
      expect(await free()).to.deep.equal(['7']);
      await inTest(at(), () => other.query('SELECT 1'), 'two');
      expect(await free()).to.deep.equal(['7']);

      await leader.end();
      await inTest(at(), () => other.query('SELECT pg_advisory_lock(7)'), 'three');
      expect(await free()).to.deep.equal(['7', '-8', '9, 10', '-11, 12']);
      await other.end();
      await stranger.end();
    });
  });
});
