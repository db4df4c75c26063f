import { expect } from 'chai';

import { SessionUsageError } from '#src/errors.js';
import { createSession, sql, type Session } from '#src/session/index.js';

import { PlainConnection } from './connection.js';

describe('session', () => {
  let connection: PlainConnection;
  let session: Session;

  beforeEach(() => {
    connection = new PlainConnection();
    session = createSession(connection);
    session.exec(`
      create table providers (id integer primary key, name text not null unique, country text default 'AT', note text);
      create table logs (id integer primary key, at text default 'now');
    `);
  });

  afterEach(() => connection.close());

  describe('get, all and run', () => {
    beforeEach(() => session.insert('providers', [{ name: 'Erste' }, { name: 'Sparda', country: 'DE' }]));

    it('get returns the first row, or undefined', () => {
      expect(session.get('select name from providers order by id')).to.deep.equal({ name: 'Erste' });
      expect(session.get('select name from providers where id = ?', [99])).to.equal(undefined);
    });

    it('all returns every row in order', () => {
      expect(session.all('select name from providers order by name desc')).to.deep.equal([
        { name: 'Sparda' },
        { name: 'Erste' },
      ]);
    });

    it('run returns changes and the last key', () => {
      expect(session.run('insert into providers (name) values (?)', ['N26'])).to.deep.equal({
        changes: 1,
        lastInsertId: 3,
      });
      expect(session.run('update providers set note = ?', ['x']).changes).to.equal(3);
    });

    it('named parameters are an object', () => {
      expect(session.get('select id from providers where name = :name', { name: 'Sparda' })).to.deep.equal({ id: 2 });
    });

    it('its methods may be taken off it', () => {
      const { count, get } = session;
      expect(count('providers')).to.equal(2);
      expect(get('select 1 as one')).to.deep.equal({ one: 1 });
    });

    it('errors of the database arrive as they are, with the test’s file in the stack', () => {
      let thrown: unknown;
      try {
        session.run('insert into providers (name) values (?)', ['Erste']);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).to.have.property('code', 'SQLITE_CONSTRAINT_UNIQUE');
      expect((thrown as Error).stack).to.contain('session.test');
    });

    const misuse: [string, () => unknown, RegExp][] = [
      ['a bare value as parameters', () => session.get('select ?', 5 as never), /Did you mean \[5\]\?/],
      ['a Date as parameters', () => session.get('select ?', new Date(0) as never), /parameters are/],
      ['an undefined parameter', () => session.get('select ?', [undefined]), /Parameter 1 is undefined/],
      ['an undefined named parameter', () => session.get('select :a', { a: undefined }), /Parameter a is undefined/],
      ['an object as a value', () => session.get('select ?', [{ a: 1 }]), /JSON\.stringify/],
      ['a list as a value', () => session.get('select ?', [[1, 2]]), /in \$\{list\}/],
      ['a function as a value', () => session.get('select ?', [() => 1]), /what the function returns/],
      ['a promise as a value', () => session.get('select ?', [Promise.resolve(1)]), /sync\(promise\)/],
      ['empty SQL', () => session.all('  '), /session\.all was given/],
      ['no SQL', () => session.run(undefined as never), /session\.run was given undefined/],
      ['get as a tag', () => (session.get as never as typeof sql)`select 1`, /session\.get\(sql`…`\)/],
      ['parameters beside a query', () => session.get(sql`select 1`, [1]), /carries its own values/],
      ['exec with parameters', () => (session.exec as (...all: unknown[]) => void)('select ?', [1]), /session\.run/],
      ['exec of undefined', () => session.exec(undefined as never), /session\.exec was given undefined/],
    ];
    for (const [name, call, message] of misuse) {
      it(`refuses ${name}`, () => expect(call).to.throw(SessionUsageError, message));
    }

    it('exec takes an empty script', () => expect(() => session.exec(' \n')).not.to.throw());

    it('leaves two statements in get to the driver’s own error', () => {
      expect(() => session.get('select 1; select 2')).to.throw(/more than one statement/);
    });
  });

  describe('sql', () => {
    beforeEach(() => session.insert('providers', [{ name: "O'Hara" }, { name: 'Sparda', country: 'DE' }]));

    it('binds its values', () => {
      expect(session.get(sql`select id from providers where name = ${"O'Hara"}`)).to.deep.equal({ id: 1 });
      expect(connection.sent.at(-1)).to.equal('select id from providers where name = ?');
    });

    it('as a method runs and returns rows', () => {
      expect(session.sql`select id from providers where country = ${'DE'}`).to.deep.equal([{ id: 2 }]);
    });

    it('puts fragments together, values in order', () => {
      const german = sql`country = ${'DE'}`;
      const query = sql`select ${sql.id('p', 'name')} from ${sql.id('providers')} p where id > ${0} and ${german} and id < ${9}`;
      expect(session.all(query)).to.deep.equal([{ name: 'Sparda' }]);
      expect(connection.sent.at(-1)).to.equal(
        'select "p"."name" from "providers" p where id > ? and country = ? and id < ?',
      );
    });

    it('expands lists for IN', () => {
      expect(session.all(sql`select id from providers where id in ${[1, 2, 3]}`)).to.have.length(2);
    });

    it('quotes names so that they stay names', () => {
      expect(() => session.all(sql`select * from ${sql.id('providers"; drop table providers; --')}`)).to.throw(
        /no such table/,
      );
      expect(session.count('providers')).to.equal(2);
    });

    it('numbers placeholders over all fragments', () => {
      const numbered = { quoteName: (name: string) => name, placeholder: (index: number) => `$${index}` };
      expect(sql`a = ${1} and ${sql`b in ${[2, 3]}`} and c = ${null}`.bind(numbered)).to.deep.equal({
        text: 'a = $1 and b in ($2, $3) and c = $4',
        values: [1, 2, 3, null],
      });
    });

    it('allows quotes and apostrophes that no value stands in', () => {
      const query = sql`select 'it''s' as "a ""b""" -- don't
        , ${1} as c /* won't */`;
      expect(session.get(query)).to.deep.equal({ 'a "b"': "it's", c: 1 });
    });

    it('is immutable', () => expect(sql`select 1`).to.be.frozen);

    const misuse: [string, () => unknown, RegExp][] = [
      ['an empty list', () => session.all(sql`select 1 where 1 in ${[]}`), /list after `select 1 where 1 in` is empty/],
      ['undefined', () => session.all(sql`select ${undefined}`), /Value 1 of the query is undefined/],
      ['an object', () => session.all(sql`select ${{ a: 1 }}`), /JSON\.stringify/],
      ['a nested list', () => session.all(sql`select ${[[1]]}`), /cannot be stored/],
      ['a call with parentheses', () => (sql as never as (text: string) => unknown)('select 1'), /backticks/],
      ['a value in quotes', () => sql`select * from p where name like '%${'x'}%'`, /inside ' quotes/],
      ['a name in quotes', () => sql`select * from "${'p'}"`, /sql\.id/],
      ['an empty name', () => sql.id(''), /sql\.id was given ''/],
      ['no name', () => (sql.id as () => unknown)(), /sql\.id/],
    ];
    for (const [name, call, message] of misuse) {
      it(`refuses ${name}`, () => expect(call).to.throw(SessionUsageError, message));
    }
  });

  describe('insert', () => {
    it('returns a single row as stored', () => {
      expect(session.insert('providers', { name: 'Erste' })).to.deep.equal({
        id: 1,
        name: 'Erste',
        country: 'AT',
        note: null,
      });
    });

    it('returns many rows in order, with the defaults of keys left out', () => {
      const rows = session.insert('providers', [{ name: 'B', country: 'DE' }, { name: 'A' }, { note: 'n', name: 'C' }]);
      expect(rows.map(({ name, country, note }) => [name, country, note])).to.deep.equal([
        ['B', 'DE', null],
        ['A', 'AT', null],
        ['C', 'AT', 'n'],
      ]);
    });

    it('inserts defaults for an empty object and nothing for an empty list', () => {
      expect(session.insert('logs', {})).to.deep.equal({ id: 1, at: 'now' });
      expect(session.insert('logs', [])).to.deep.equal([]);
      expect(session.count('logs')).to.equal(1);
    });

    it('inserts all rows or none', () => {
      expect(() => session.insert('providers', [{ name: 'A' }, { name: 'A' }])).to.throw(/UNIQUE/);
      expect(session.count('providers')).to.equal(0);
      expect(connection.inTransaction).to.equal(false);
    });

    it('takes instances of a class', () => {
      class Provider {
        name = 'Erste';
      }
      expect(session.insert('providers', new Provider())).to.have.property('name', 'Erste');
    });

    const misuse: [string, () => unknown, RegExp][] = [
      ['an undefined value', () => session.insert('logs', { at: undefined }), /logs\.at is undefined/],
      [
        'an object value',
        () => session.insert('logs', { at: { a: 1 } }),
        /logs\.at is \{ a: 1 \}.*\n.*JSON\.stringify/,
      ],
      ['null as a row', () => session.insert('logs', null as never), /row to be inserted into logs is null/],
      ['a string among the rows', () => session.insert('logs', ['a' as never]), /is 'a'/],
      ['no table', () => session.insert('', {}), /session\.insert was given ''/],
    ];
    for (const [name, call, message] of misuse) {
      it(`refuses ${name}`, () => expect(call).to.throw(SessionUsageError, message));
    }
  });

  describe('count', () => {
    beforeEach(() =>
      session.insert('providers', [{ name: 'A' }, { name: 'B', country: 'DE', note: 'x' }, { name: 'C' }]),
    );

    it('counts all rows', () => expect(session.count('providers')).to.equal(3));
    it('counts all rows for no conditions', () => expect(session.count('providers', {})).to.equal(3));
    it('compares values', () => expect(session.count('providers', { country: 'AT', name: 'A' })).to.equal(1));
    it('reads null as IS NULL', () => expect(session.count('providers', { note: null })).to.equal(2));
    it('reads a list as IN', () => expect(session.count('providers', { name: ['A', 'C', 'Z'] })).to.equal(2));
    it('takes a query', () => expect(session.count('providers', sql`id > ${1} or name = ${'A'}`)).to.equal(3));

    const misuse: [string, () => unknown, RegExp][] = [
      ['a string', () => session.count('providers', 'id = 1' as never), /sql`…`/],
      ['a list', () => session.count('providers', [1] as never), /as its condition/],
      ['an undefined value', () => session.count('providers', { note: undefined }), /providers\.note is undefined/],
      ['an empty list', () => session.count('providers', { name: [] }), /is empty/],
      ['null in a list', () => session.count('providers', { note: ['x', null] }), /IN never finds NULL/],
    ];
    for (const [name, call, message] of misuse) {
      it(`refuses ${name}`, () => expect(call).to.throw(SessionUsageError, message));
    }
  });
});
