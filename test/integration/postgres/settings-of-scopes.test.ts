import { expect } from 'chai';
import knex from 'knex';
import pg from 'pg';
import { fixture, runMocha } from '../run-mocha.js';
import { connected, inTest, useSandbox } from './sandbox.js';

const SCHEMA = `
  CREATE SCHEMA acme; CREATE TABLE acme.item (name text); CREATE TABLE item (name text);
  DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'registrar') THEN CREATE ROLE registrar; END IF; END $$;
`;
const LOOK = `
  SELECT current_setting('search_path') AS path, current_user = 'registrar' AS clerk, current_setting('timezone') AS zone,
    coalesce(current_setting('shop.tenant', true), '') AS tenant, current_setting('statement_timeout') AS timeout
`;

/** What changes one of them, and what is seen then. */
const CHANGES: readonly (readonly [sql: string, seen: Readonly<Record<string, unknown>>])[] = [
  ['SET search_path = acme', { path: 'acme' }],
  ['SET ROLE registrar', { clerk: true }],
  ["SET TIME ZONE 'Asia/Tokyo'", { zone: 'Asia/Tokyo' }],
  ["SELECT set_config('shop.tenant', 'acme', false)", { tenant: 'acme' }],
  ['SET statement_timeout = 5000', { timeout: '5s' }],
  ['BEGIN; SET search_path = acme; COMMIT', { path: 'acme' }],
];

describe('postgres: what is set in a scope', () => {
  const at = useSandbox('scope_settings_test', SCHEMA);
  const seen = async (client: pg.Client): Promise<Record<string, unknown>> =>
    (await client.query<Record<string, unknown>>(LOOK)).rows[0] ?? {};

  for (const [sql, expected] of CHANGES) {
    it(`is back at its end, for a connection of the app: ${sql}`, async () => {
      const client = await connected({ connectionString: at().url, options: '-c timezone=Europe/Vienna' });
      const before = await inTest(at(), () => seen(client), 'one');
      expect(before['zone']).to.equal('Europe/Vienna');
      await inTest(
        at(),
        async () => {
          await client.query(sql);
          expect(await seen(client)).to.deep.equal({ ...before, ...expected });
        },
        'two',
      );
      await inTest(at(), async () => expect(await seen(client)).to.deep.equal(before), 'three');
      await client.end();
    });

    it(`is back at its end, for the session: ${sql}`, async () => {
      const look = (): unknown => at().sandbox.session.execute(LOOK).rows[0];
      const before = await inTest(at(), () => Promise.resolve(look()), 'one');
      await inTest(at(), () => Promise.resolve(at().sandbox.session.script(sql)), 'two');
      await inTest(at(), () => Promise.resolve(expect(look()).to.deep.equal(before)), 'three');
    });
  }

  it('holds for all tests of a layer, and each of them has what it had', async () => {
    const { sandbox, url } = at();
    const [client, other] = [await connected(url), await connected(url)];
    const paths = async (): Promise<unknown[]> => [(await seen(client))['path'], (await seen(other))['path']];
    const DEFAULT = '"$user", public';

    sandbox.begin({ kind: 'layer', title: 'the layer' });
    await client.query('SET search_path = acme');
    expect(await paths()).to.deep.equal(['acme', DEFAULT]);
    for (const title of ['one', 'two'])
      await inTest(
        at(),
        async () => {
          expect(await paths()).to.deep.equal(['acme', DEFAULT]);
          await client.query('RESET search_path');
          await other.query('SET search_path = pg_catalog');
          expect(await paths()).to.deep.equal([DEFAULT, 'pg_catalog']);
        },
        title,
      );
    await inTest(at(), () => client.query('DISCARD ALL'), 'three');
    sandbox.resume();
    expect(await paths()).to.deep.equal(['acme', DEFAULT]);
    sandbox.end();
    await inTest(at(), async () => expect(await paths()).to.deep.equal([DEFAULT, DEFAULT]), 'behind it');
    await client.end();
    await other.end();
  });

  it('is back where a transaction was left open', async () => {
    const client = await connected(at().url);
    const before = await inTest(at(), () => seen(client));
    await inTest(at(), () => client.query('BEGIN; SET search_path = acme; SET idle_session_timeout = 1'));
    await inTest(at(), async () => {
      await client.query('ROLLBACK').catch(() => undefined);
      expect(await seen(client)).to.deep.equal(before);
    });
    await client.end();
  });

  describe('is part of connecting, and stays, where a pool or driver sets it with each new connection', () => {
    const POOLS: readonly (readonly [
      what: string,
      open: (url: string) => { query: () => Promise<unknown>; end(): unknown },
    ])[] = [
      [
        "pg's pool",
        (connectionString) => {
          const pool = new pg.Pool({ connectionString });
          pool.on('connect', (client) => {
            void client.query('SELECT version()');
            void client.query('SET search_path = acme');
            void client.query("SELECT set_config('shop.tenant', 'acme', false)");
          });
          return {
            query: async () => (await pool.query<{ path: unknown }>(LOOK)).rows[0]?.path,
            end: () => pool.end(),
          };
        },
      ],
      [
        "Knex's searchPath",
        (connection) => {
          const db = knex({ client: 'pg', connection, searchPath: ['acme'] });
          const query = async (): Promise<unknown> =>
            (await db.raw<{ rows: { search_path: string }[] }>('SHOW search_path')).rows[0]?.search_path.replaceAll(
              '"',
              '',
            );
          return { query, end: () => db.destroy() };
        },
      ],
      [
        "Knex's afterCreate",
        (connection) => {
          const afterCreate = (client: pg.Client, done: (error?: Error) => void): void =>
            client.query('SET search_path = acme', (error) => done(error));
          const db = knex({ client: 'pg', connection, pool: { min: 2, max: 2, afterCreate } });
          const query = async (): Promise<unknown> => {
            const all = await Promise.all(
              Array.from({ length: 6 }, () => db.raw<{ rows: { search_path: string }[] }>('SHOW search_path')),
            );
            return [...new Set(all.map(({ rows }) => rows[0]?.search_path))].join();
          };
          return { query, end: () => db.destroy() };
        },
      ],
    ];

    for (const [what, open] of POOLS)
      it(what, async () => {
        const pool = open(at().url);
        for (const title of ['one', 'two', 'three'])
          expect(await inTest(at(), () => pool.query(), title)).to.equal('acme');
        await pool.end();
      });
  });
});

describe('postgres: what schema, seed and tests set, under mocha', function () {
  this.timeout(90_000);

  for (const SESSION_DRIVER of ['pg-native', 'builtin'])
    it(`ends with each of them (${SESSION_DRIVER})`, async () => {
      const run = await runMocha(fixture('postgres-settings'), ['outlives.mjs'], {
        env: { SESSION_DRIVER, LOCKSTEP_CONFIG: 'outlives.config.mjs' },
        limit: 60_000,
      });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
      expect(run.passed).to.have.length(7);
    });
});
