import { expect } from 'chai';
import { readScript } from '#src/engine/postgres/relay/statement.js';

/** A text; whether it is forwarded as it is, whether it changes nothing for sure, and what it means for the session. */
const TEXTS: readonly (readonly [sql: string, plain: boolean, inert: boolean, special?: string])[] = [
  ['select 1', true, true],
  ['select * from items where id = $1 for update', true, false],
  ['select * from items for no key update skip locked', true, false],
  ['select substring(name for 3), count(*) filter (where id in (1, 2)) from items', true, true],
  ['select pg_catalog.count(*) from (select * from items) as i(id)', true, false],
  ['select price::numeric(10, 2), (id + 1) * (2) from (select * from items) i join shelves using (id)', true, true],
  ['select shop.count(*) from items', true, false],
  ['select "count"(*) from items', true, false],
  ['select ship(id) from items', true, false],
  ['/* list */ select name from items -- all', true, true],
  ['select count(*) from items', true, true],
  ["select nextval('ids')", true, false],
  ['select * into copy from items', true, false],
  ['table items', true, true],
  ['show timezone', true, true],
  ['explain delete from items', true, true],
  ['explain analyze delete from items', true, false],
  ['with gone as (delete from items returning id) select * from gone', true, false],
  ['insert into items values (1)', true, false],
  ['update items set name = $1', true, false],
  ['select 1; select 2', true, true],
  ['select 1; delete from items', true, false],
  ['create table shelves (id int)', true, false],
  ['', true, true],
  ['begin', false, false],
  ['insert into items values (1); commit', false, false],
  ["set timezone = 'UTC'", false, false, 'set'],
  ["set local timezone = 'UTC'", false, false, 'set'],
  ['reset all', false, false, 'reset'],
  ['set constraints all deferred', false, false, 'constraints'],
  ['listen shop', false, false, 'listen'],
  ["notify shop, 'open'", false, false, 'notify'],
  ['vacuum', false, false, 'nothing'],
  ['declare c cursor for select 1', false, false, 'cursor'],
  ['create index concurrently on items (name)', false, false, 'outside'],
  ['copy items from stdin', false, false, 'copyIn'],
  ['execute one(1)', false, false, 'execute'],
  ['discard all', false, false, 'discard'],
  ['deallocate all', false, false, 'deallocateAll'],
  ["select set_config('timezone', 'UTC', false)", false, false, 'config'],
];

describe('what a text is to the relay', () => {
  for (const [sql, plain, inert, special] of TEXTS) {
    it(sql === '' ? 'nothing' : sql, () => {
      const script = readScript(sql);
      expect(script.plain, 'plain').to.equal(plain);
      expect(script.inert, 'inert').to.equal(inert);
      if (!plain) expect(script.statements.at(-1)?.special?.kind, 'special').to.equal(special);
    });
  }

  it('keeps each statement’s place in the text', () => {
    const sql = " begin;\n  insert into items values (';') ; commit";
    const { statements } = readScript(sql);
    expect(statements.map((one) => sql.slice(one.start, one.start + one.sql.length))).to.deep.equal(
      statements.map((one) => one.sql),
    );
    expect(statements.map(({ effect }) => effect.kind)).to.deep.equal(['begin', 'write', 'commit']);
  });

  it('leaves a word’s place blank where it is dropped', () => {
    const sql = 'create index concurrently by_name on items (name)';
    const [statement] = readScript(sql).statements;
    expect(statement?.sql)
      .to.have.lengthOf(sql.length)
      .and.not.match(/concurrently/);
    expect(statement?.sql.indexOf('by_name')).to.equal(sql.indexOf('by_name'));
  });
});
