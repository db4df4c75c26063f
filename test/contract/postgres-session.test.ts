import { expect } from 'chai';

import type { PostgresSession } from '#src/engine/postgres/session/index.js';
import { SessionUsageError } from '#src/errors.js';
import { createSession, sql, type Session } from '#src/session/index.js';

import { ENGINES, openEngine, startServer } from '../integration/postgres/session/server.js';

const SCHEMA = `
  create table providers (
    id int generated always as identity primary key,
    name text not null unique,
    country text default 'AT',
    tags text[] not null default '{}',
    settings jsonb,
    logo bytea,
    closed_at timestamptz
  );
  create table connections (
    id int generated always as identity primary key,
    provider_id int references providers deferrable initially deferred
  );
  create table "Odd.Table" ("a b" int, "c""d" int default 7);
`;

for (const engine of ENGINES) {
  describe(`the session on Postgres by ${engine}`, function () {
    this.timeout(30_000);
    let connection: PostgresSession;
    let session: Session;

    before(async () => {
      connection = openEngine(engine, await startServer());
      session = createSession(connection);
    });

    beforeEach(() => {
      const schema = `sessions_${engine.replace('-', '_')}`;
      session.exec(`create schema ${schema}; set search_path = ${schema}; ${SCHEMA}`);
    });

    afterEach(() => {
      session.exec(`rollback; drop schema sessions_${engine.replace('-', '_')} cascade`);
    });

    after(() => connection.close());

    const names = (): unknown[] => session.all('select name from providers order by id').map(({ name }) => name);

    describe('insert', () => {
      it('returns the row as stored, with its key and defaults', () => {
        expect(session.insert('providers', { name: 'Erste' })).to.deep.equal({
          id: 1,
          name: 'Erste',
          country: 'AT',
          tags: [],
          settings: null,
          logo: null,
          closed_at: null,
        });
      });

      it('stores lists, objects, bytes and dates', () => {
        const row = {
          name: 'Erste',
          tags: ['bank', 'a,b', '"'],
          settings: { limits: [1, 2], deep: { nothing: null } },
          logo: Buffer.from([0, 255]),
          closed_at: new Date('2024-02-29T12:34:56.789Z'),
        };
        expect(session.insert('providers', row)).to.deep.include(row);
      });

      it('inserts several rows in order, each with its own columns, all or none', () => {
        const rows = session.insert('providers', [{ name: 'a', country: 'DE' }, { name: 'b' }, { name: 'c', tags: ['x'] }]); // prettier-ignore
        expect(rows.map(({ id, country }) => [id, country])).to.deep.equal([[1, 'DE'], [2, 'AT'], [3, 'AT']]); // prettier-ignore

        expect(() => session.insert('providers', [{ name: 'd' }, { name: 'a' }])).to.throw('providers_name_key');
        expect(names()).to.deep.equal(['a', 'b', 'c']);
        expect(connection.inTransaction).to.equal(false);
      });

      it('takes names with a schema and names in quotes', () => {
        expect(session.insert(`${session.get<{ s: string }>('select current_schema as s')?.s}.providers`, { name: 'x' }).id).to.equal(1); // prettier-ignore
        expect(session.insert('"Odd.Table"', { 'a b': 1 })).to.deep.equal({ 'a b': 1, 'c"d': 7 });
        expect(session.insert('"Odd.Table"', { 'c"d': 2 })).to.deep.equal({ 'a b': null, 'c"d': 2 });
      });

      it('inserts a row of defaults', () => {
        expect(session.insert('connections', {})).to.deep.equal({ id: 1, provider_id: null });
      });
    });

    describe('parameters', () => {
      it('by position', () => {
        expect(session.get('select $2::text as b, $1::int as a', [1, 'x'])).to.deep.equal({ b: 'x', a: 1 });
      });

      it('by name, beside casts, slices, strings and operators', () => {
        const text = `select :a::int + :b::int as sum, (array[1,2,3])[1:2] as slice, ':a' as text, $$ :a $$ as dollars,
                      '{"k":1}'::jsonb ? :key as has, :a::int as again`;

        expect(session.get(text, { a: 1, b: 2, key: 'k' })).to.deep.equal({
          sum: 3,
          slice: [1, 2],
          text: ':a',
          dollars: ' :a ',
          has: true,
          again: 1,
        });
      });

      it('refuses question marks, undefined, and what JSON would lose', () => {
        expect(() => session.get('select ?', [1])).to.throw(SessionUsageError, 'Write $1');
        expect(() => session.get('select $1', [undefined])).to.throw(SessionUsageError, 'mistyped');
        expect(() => session.get('select $1', [new Map()])).to.throw(SessionUsageError, 'Object.fromEntries');
        expect(() => session.get('select $1', [new Set()])).to.throw(SessionUsageError, '[...set]');
        expect(() => session.get('select $1', [new Date(NaN)])).to.throw(SessionUsageError, 'Invalid Date');
        expect(() => session.get('select $1', [Promise.resolve(1)])).to.throw(SessionUsageError, 'sync(promise)');
      });

      it('refuses several statements for one result, and none', () => {
        expect(() => session.all('select 1; select 2')).to.throw(SessionUsageError, 'contains 2 statements');
        expect(() => session.all('-- nothing')).to.throw(SessionUsageError, 'contains no statement');
      });
    });

    describe('the sql tag', () => {
      it('binds values, lists for IN, names, pieces, and a list as one value', () => {
        session.insert('providers', [{ name: 'a', tags: ['x'] }, { name: 'b', country: 'DE' }, { name: 'c', tags: ['y'] }]); // prettier-ignore
        const open = sql`closed_at is null`;

        const found = session.sql`select name from ${sql.id('providers')} p
          where ${open} and country in ${['AT', 'CH']} and ${sql.id('p', 'name')} <> ${'c'}`;
        expect(found).to.deep.equal([{ name: 'a' }]);
        expect(session.all(sql`select name from providers where tags && ${sql.value(['x', 'y'])} order by id`)).to.deep.equal([{ name: 'a' }, { name: 'c' }]); // prettier-ignore
        expect(session.get(sql`select ${{ a: [1] }}::jsonb as json`)).to.deep.equal({ json: { a: [1] } });
      });
    });

    it('count counts all, equalities, lists and conditions', () => {
      session.insert('providers', [{ name: 'a', country: 'DE' }, { name: 'b' }, { name: 'c', country: null }]);

      expect(session.count('providers')).to.equal(3);
      expect(session.count('providers', { country: ['AT', 'DE'], closed_at: null })).to.equal(2);
      expect(session.count('providers', { country: null })).to.equal(1);
      expect(session.count('providers', sql`name > ${'a'}`)).to.equal(2);
    });

    it('run tells the changes, and no key, which Postgres has not', () => {
      session.insert('providers', [{ name: 'a' }, { name: 'b' }]);

      expect(session.run("update providers set country = 'CH' where name > :name", { name: '' })).to.deep.equal({
        changes: 2,
      });
      expect(session.run('select * from providers')).to.deep.equal({ changes: 0 });
    });

    it('exec runs scripts with bodies, dollar quotes and comments, and nothing', () => {
      session.exec(`
        -- a comment; with a semicolon
        create function twice(a int) returns int language plpgsql as $body$ begin return a * 2; end; $body$;
        create function thrice(a int) returns int begin atomic select a * 3; end;
        insert into providers (name) values ('a;b'); select 1;
      `);
      session.exec('');
      session.exec('-- nothing');

      expect(session.get('select twice($1) as a, thrice(2) as b', [4])).to.deep.equal({ a: 8, b: 6 });
      expect(names()).to.deep.equal(['a;b']);
    });

    it('refuses COPY from and to the client, and works on', () => {
      for (const run of [session.run, session.exec]) {
        expect(() => run('copy providers (name) from stdin')).to.throw(SessionUsageError, 'session.insert');
        expect(() => run('copy (select generate_series(1, 1000)) to stdout')).to.throw(
          SessionUsageError,
          'session.all',
        );
      }
      expect(session.count('providers')).to.equal(0);
    });

    describe('transaction', () => {
      it('commits what it returns from, and rolls back what it throws from', () => {
        expect(session.transaction(() => session.insert('providers', { name: 'a' }).id)).to.equal(1);
        const fail = (): never => {
          session.insert('providers', { name: 'b' });
          throw new Error('no');
        };
        expect(() => session.transaction(fail)).to.throw('no');

        expect(names()).to.deep.equal(['a']);
        expect(connection.inTransaction).to.equal(false);
      });

      it('lets an inner one fail alone', () => {
        session.transaction(() => {
          session.insert('providers', { name: 'a' });
          expect(() => session.transaction(() => session.insert('providers', { name: 'a' }))).to.throw('duplicate key');
          session.insert('providers', { name: 'b' });
        });
        expect(names()).to.deep.equal(['a', 'b']);
      });

      it('says so where the function swallowed an error and nothing can be committed', () => {
        const swallow = (): void => {
          session.insert('providers', { name: 'a' });
          expect(() => session.run('select 1 / 0')).to.throw('division by zero');
        };
        expect(() => session.transaction(swallow)).to.throw(SessionUsageError, 'its transaction has failed');
        expect(names()).to.deep.equal([]);
        expect(connection.inTransaction).to.equal(false);

        session.transaction(() => expect(() => session.transaction(swallow)).to.throw('has failed'));
        expect(connection.inTransaction).to.equal(false);
      });

      it('raises a deferred violation at its commit', () => {
        expect(() => session.transaction(() => session.insert('connections', { provider_id: 9 })))
          .to.throw('connections_provider_id_fkey')
          .with.property('code', '23503');
        expect(connection.inTransaction).to.equal(false);
      });

      it('knows a transaction that SQL has begun', () => {
        session.run('begin isolation level serializable');
        session.transaction(() => session.insert('providers', { name: 'a' }));
        session.run('rollback');
        expect(names()).to.deep.equal([]);
      });
    });

    it('savepoint undoes and keeps, nested, after errors too', () => {
      const outer = session.savepoint();
      session.insert('providers', { name: 'a' });
      const inner = session.savepoint();
      expect(() => session.insert('providers', { name: 'a' })).to.throw('duplicate key');
      inner.rollback();
      session.savepoint();
      session.insert('providers', { name: 'b' });
      session.rollback();
      session.savepoint();
      session.insert('providers', { name: 'c' });
      session.commit();

      expect(names()).to.deep.equal(['a', 'c']);
      outer.rollback();
      expect(names()).to.deep.equal([]);
    });
  });
}
