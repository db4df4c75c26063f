import { expect } from 'chai';
import { tablesOf } from '#src/sql/tables.js';

/** A statement, the table that it fills, and those in which it looks for rows. */
const STATEMENTS: readonly (readonly [sql: string, filled: string | undefined, searched: readonly string[]])[] = [
  ['select * from items', undefined, ['items']],
  [
    'select * from "Items" i join shop.shelves as s on s.id = i.shelf left join only "shop"."Rooms" r on true',
    undefined,
    ['items', 'shelves', 'rooms'],
  ],
  ['insert into "items" ("name") values ($1) returning id', 'items', []],
  ['insert into shop.items select * from old', 'items', ['old']],
  ['insert or replace into items values (1)', 'items', []],
  ['replace into items values (1)', 'items', []],
  ['update items set name = 1 from shelves', undefined, ['items', 'shelves']],
  ['delete from items where id in (select item from sold)', undefined, ['items', 'sold']],
  ["select 'from nowhere', count(*) from (select * from items) x", undefined, ['items']],
  ['select * into copy from items', undefined, ['items']],
  ['begin', undefined, []],
  ['', undefined, []],
];

describe('the tables that a statement names', () => {
  for (const dialect of ['postgres', 'sqlite'] as const)
    for (const [sql, filled, searched] of STATEMENTS)
      it(`${dialect}: ${sql}`, () => expect(tablesOf(sql, dialect)).to.deep.equal({ filled, searched }));
});
