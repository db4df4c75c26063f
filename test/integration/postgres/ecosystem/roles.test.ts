import { expect } from 'chai';
import pg from 'pg';
import { testServer } from '../server.js';
import { inEveryPlace, sqlState, value } from './in-every-place.js';

/** Roles belong to the server, so all databases share them. */
const ROLES = `
  create role kinds_app login; create role kinds_team; grant kinds_team to kinds_app; create role kinds_nobody nologin;
  create role kinds_other login; create role kinds_chief superuser login;
  alter role kinds_app set work_mem = '5MB'; alter role kinds_app set statement_timeout = '7s';
  alter role kinds_app set idle_in_transaction_session_timeout = '9s'; alter role kinds_app set timezone = 'Asia/Tokyo';
`;
const NAMES = ['kinds_app', 'kinds_team', 'kinds_nobody', 'kinds_other', 'kinds_chief'];

async function administer(sql: string): Promise<void> {
  const { host, port, user } = await testServer();
  const admin = new pg.Client({ host, port, user, database: 'postgres' });
  await admin.connect();
  await admin.query(sql);
  await admin.end();
}

describe('roles', () => {
  before(() => administer(ROLES));
  after(() => administer(NAMES.map((name) => `drop role ${name}`).join(';')));

  inEveryPlace('the role of a client', (here) => {
    const as = (user: string, more: pg.ClientConfig = {}): Promise<pg.Client> => {
      const url = new URL(here.place.url);
      url.username = user;
      return here.connect({ ...more, connectionString: url.href });
    };
    const grant = async (): Promise<void> => {
      await here.place.rows('grant usage on schema public to kinds_app');
      await here.place.rows('grant select, insert on items to kinds_app');
      await here.place.rows('grant usage on all sequences in schema public to kinds_app');
    };

    afterEach(async () => {
      if (here.kind === 'direct') for (const name of NAMES) await here.place.rows(`drop owned by ${name}`);
    });

    it('is the user of its URL', async () => {
      const client = await as('kinds_app');
      const { rows } = await client.query(
        `select session_user, current_user, current_setting('role') as role, current_setting('is_superuser') as super`,
      );
      expect(rows).to.deep.equal([
        { session_user: 'kinds_app', current_user: 'kinds_app', role: 'none', super: 'off' },
      ]);
      expect(await value(await here.connect(), 'select current_user')).to.equal('postgres');
      expect(await value(client, 'select current_user')).to.equal('kinds_app');
    });

    it('has its grants, and no others', async () => {
      await here.place.rows('grant usage on schema public to kinds_app');
      const client = await as('kinds_app');
      expect(await sqlState(client.query('select * from items'))).to.equal('42501');
      await grant();
      await client.query("insert into items (name) values ('Tea')");
      expect(await sqlState(client.query('delete from items'))).to.equal('42501');
      expect(await sqlState(client.query('create role upstart'))).to.equal('42501');
      expect(await here.names()).to.deep.equal(['Tea']);
    });

    it('is held to policies', async () => {
      await grant();
      for (const sql of [
        'alter table items enable row level security',
        "create policy own on items using (name like current_user || '%') with check (name like current_user || '%')",
        "insert into items (name) values ('Tea'), ('kinds_app one')",
      ])
        await here.place.rows(sql);
      const client = await as('kinds_app');
      expect((await client.query('select name from items')).rows).to.deep.equal([{ name: 'kinds_app one' }]);
      expect(await sqlState(client.query("insert into items (name) values ('Salt')"))).to.equal('42501');
    });

    it('brings its settings', async () => {
      const client = await as('kinds_app', { options: '-c work_mem=6MB' });
      const settings = async (): Promise<unknown[]> => {
        const names = ['work_mem', 'statement_timeout', 'idle_in_transaction_session_timeout', 'timezone'];
        const all: unknown[] = [];
        for (const name of names) all.push(await value(client, `show ${name}`));
        return all;
      };
      expect(await settings()).to.deep.equal(['6MB', '7s', '9s', 'Asia/Tokyo']);
      await client.query("set work_mem = '8MB'; set statement_timeout = 0; set timezone = 'UTC'");
      expect(await settings()).to.deep.equal(['8MB', '0', '9s', 'UTC']);
      await client.query('reset all');
      expect(await settings()).to.deep.equal(['6MB', '7s', '9s', 'Asia/Tokyo']);
      expect(await value(await as('kinds_other'), 'show timezone')).to.not.equal('Asia/Tokyo');
    });

    it('is what it goes back to, and may only become what it is a member of', async () => {
      const client = await as('kinds_app');
      const who = async (): Promise<unknown> => value(client, "select session_user || ' ' || current_user");
      for (const [sql, outcome, then] of [
        ['set role kinds_team', 'no error', 'kinds_app kinds_team'],
        ['reset role', 'no error', 'kinds_app kinds_app'],
        ['set role kinds_other', '42501', 'kinds_app kinds_app'],
        ['set session authorization kinds_other', '42501', 'kinds_app kinds_app'],
        ["set session authorization 'postgres'", '42501', 'kinds_app kinds_app'],
        ['set session authorization kinds_never', '22023', 'kinds_app kinds_app'],
        ['set role kinds_team; set session authorization kinds_app', 'no error', 'kinds_app kinds_app'],
        ['set role kinds_team; reset session authorization', 'no error', 'kinds_app kinds_app'],
        ['set role kinds_team; set session authorization default', 'no error', 'kinds_app kinds_app'],
        ['begin; set local role kinds_team; commit', 'no error', 'kinds_app kinds_app'],
        ['set role kinds_team; begin; set local role none; commit', 'no error', 'kinds_app kinds_team'],
        ['discard all', 'no error', 'kinds_app kinds_app'],
      ] as const) {
        expect(await sqlState(client.query(sql)), sql).to.equal(outcome);
        expect(await who(), sql).to.equal(then);
        expect(await value(await here.connect(), 'select current_user')).to.equal('postgres');
        expect(await who(), sql).to.equal(then);
      }
      for (const sql of ['set session authorization kinds_other', 'reset session authorization'])
        expect(await sqlState(client.query({ text: sql, queryMode: 'extended' } as pg.QueryConfig)), sql).to.equal(
          /^set/.test(sql) ? '42501' : 'no error',
        );
      await client.query('begin');
      expect(await sqlState(client.query('set local session authorization kinds_other'))).to.equal('42501');
      expect(await sqlState(client.query('select 1'))).to.equal('25P02');
      await client.query('rollback');
    });

    it('may become whoever it likes, as a superuser', async () => {
      const client = await as('kinds_chief');
      expect(await value(client, 'show is_superuser')).to.equal('on');
      await client.query('set session authorization kinds_app');
      expect(await value(client, 'select session_user')).to.equal('kinds_app');
      await client.query('reset session authorization');
      expect(await value(client, 'select session_user')).to.equal('kinds_chief');
    });

    it('has transactions, temporary tables and notifications like any other', async () => {
      await grant();
      const [client, other] = [await as('kinds_app'), await here.connect()];
      const heard: unknown[] = [];
      client.on('notification', ({ payload }) => heard.push(payload));
      await client.query('listen shop');
      await client.query('begin');
      await client.query('create temp table basket (n int) on commit drop');
      await client.query("insert into items (name) values ('Tea')");
      await client.query("select pg_notify('shop', 'of the app')");
      await client.query('commit');
      expect(await sqlState(client.query('select * from basket'))).to.equal('42P01');
      await other.query("notify shop, 'of another'");
      await client.query('begin; savepoint one');
      expect(await sqlState(client.query('delete from items'))).to.equal('42501');
      await client.query('rollback to one; commit');
      expect(await here.names()).to.deep.equal(['Tea']);
      expect(heard).to.deep.equal(['of the app', 'of another']);
    });

    it('loses what it owns by DROP OWNED, and nobody else does', async () => {
      await here.place.rows('grant create, usage on schema public to kinds_app');
      const client = await as('kinds_app');
      await client.query('create table mine (n int)');
      await client.query('drop owned by current_user');
      expect(await sqlState((await here.connect()).query('select * from mine'))).to.equal('42P01');
      expect(await here.names()).to.deep.equal([]);
    });

    it('is refused where it is none, or may not come', async () => {
      expect(await sqlState(as('kinds_never'))).to.equal('28000');
      expect(await sqlState(as('kinds_nobody'))).to.equal('28000');
      await here.place.rows(
        'do $$ begin execute format($f$revoke connect on database %I from public$f$, current_database()); end $$',
      );
      expect(await sqlState(as('kinds_other'))).to.equal('42501');
      await here.place.rows(
        'do $$ begin execute format($f$grant connect on database %I to public$f$, current_database()); end $$',
      );
      await (await as('kinds_other')).query('select 1');
    });

    it('is refused at a database that is not there', async () => {
      const url = new URL(here.place.url);
      url.pathname = '/never';
      expect(await sqlState(here.connect({ connectionString: url.href }))).to.equal('3D000');
    });

    it('may come amid somebody else’s transaction, also one that has failed', async () => {
      const holder = await here.connect();
      await holder.query('begin');
      await holder.query("insert into items (name) values ('Tea')");
      const first = await as('kinds_app');
      expect(await sqlState(holder.query('select 1/0'))).to.equal('22012');
      const second = as('kinds_other');
      await holder.query('rollback');
      expect(await value(first, 'select current_user')).to.equal('kinds_app');
      expect(await value(await second, 'select current_user')).to.equal('kinds_other');
    });

    it('finds what new connections begin with now', async () => {
      const name = String(await value(await here.connect(), 'select current_database()'));
      await here.place.rows(`alter database "${name}" set search_path = 'elsewhere'`);
      await here.place.rows("alter role kinds_other set work_mem = '7MB'");
      try {
        expect(await value(await here.connect(), 'show search_path')).to.equal('elsewhere');
        const other = await as('kinds_other');
        expect(await value(other, 'show search_path')).to.equal('elsewhere');
        expect(await value(other, 'show work_mem')).to.equal('7MB');
      } finally {
        await here.place.rows(`alter database "${name}" reset search_path`);
        await here.place.rows('alter role kinds_other reset all');
      }
    });
  });
});

inEveryPlace('the isolation level that a client is told', (here) => {
  it('is that which it has asked for', async () => {
    const client = await here.connect();
    const told = async (): Promise<unknown[]> => [
      await value(client, 'show transaction_isolation'),
      await value(client, 'SHOW TRANSACTION ISOLATION LEVEL'),
      (
        await client.query<unknown[]>({
          text: 'show transaction_isolation',
          queryMode: 'extended',
          rowMode: 'array',
        } as pg.QueryArrayConfig)
      ).rows[0]?.[0],
      await value(client, "select current_setting('transaction_isolation')"),
    ];
    const expectLevel = async (level: string, when: string): Promise<void> => {
      expect(await told(), when).to.deep.equal([level, level, level, level]);
    };

    await expectLevel('read committed', 'without a transaction');
    for (const [begin, level] of [
      ['begin isolation level serializable', 'serializable'],
      ['start transaction isolation level repeatable read, read only', 'repeatable read'],
      ['begin; set transaction isolation level read uncommitted', 'read uncommitted'],
      ['begin transaction read write', 'read committed'],
    ] as const) {
      await client.query(begin);
      await expectLevel(level, begin);
      await client.query('commit and chain');
      await expectLevel(level, `${begin}, chained`);
      await client.query('rollback');
      await expectLevel('read committed', `behind ${begin}`);
    }
    await client.query("set default_transaction_isolation = 'serializable'");
    await expectLevel('serializable', 'by default');
    await client.query('begin isolation level repeatable read');
    await expectLevel('repeatable read', 'not by default');
    await client.query('commit');
    await client.query('set session characteristics as transaction isolation level repeatable read');
    await expectLevel('repeatable read', 'by its characteristics');
    const result = await client.query('show transaction_isolation');
    expect(result.command).to.equal('SHOW');
  });
});
