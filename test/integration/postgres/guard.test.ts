import { expect } from 'chai';
import type pg from 'pg';
import { connected, inTest, useSandbox } from './sandbox.js';

const WRITER = `
  create function write_down() returns int language plpgsql as
    $$ begin insert into notes (name) values ('written down'); return 1; end $$`;

/** Queries that call no function by name, and what makes them write nevertheless. */
const HIDDEN: readonly (readonly [what: string, schema: string, query: string])[] = [
  ['a view', 'create view written as select write_down() as n', 'select n from written'],
  [
    'a function that looks like a column',
    `create function seen(items) returns int language plpgsql as
       $$ begin insert into notes (name) values ('seen'); return 1; end $$`,
    'select items.seen from items',
  ],
  [
    'an operator',
    `create function note_both(int, int) returns int language plpgsql as
       $$ begin insert into notes (name) values ('both'); return 1; end $$;
     create operator !!! (function = note_both, leftarg = int, rightarg = int)`,
    'select 1 !!! 2',
  ],
  [
    'a policy',
    `create policy noted on items using (write_down() = 1); alter table items enable row level security;
     alter table items force row level security; create role reader_of_items; grant all on items, notes to reader_of_items;
     grant usage on sequence notes_id_seq to reader_of_items; set role reader_of_items`,
    'select id from items',
  ],
];

describe('postgres: the guard', () => {
  const sandbox = useSandbox(
    'guard_test',
    `create table items (id int); insert into items values (1); create table notes (id serial, name text); ${WRITER}`,
  );
  let client: pg.Client;

  beforeEach(async () => (client = await connected(sandbox().url)));
  afterEach(() => client.end());

  const notes = async (): Promise<number> => (await client.query<{ id: number }>('select id from notes')).rows.length;
  const fail = async (): Promise<void> => {
    const error: unknown = await client.query('select 1 / 0').then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.have.property('code', '22012');
  };

  it('lets a statement that fails undo itself and nothing else, whatever came before it', () =>
    inTest(sandbox(), async () => {
      const steps = [
        'select 1 as one',
        "insert into notes (name) values ('a')",
        'select name from notes',
        'select write_down()',
      ];
      for (const first of steps) {
        for (const second of steps) {
          await client.query(first);
          await client.query(second);
          const before = await notes();
          await fail();
          await fail();
          expect(await notes(), `${first}; ${second}`).to.equal(before);
        }
      }
      expect(await notes()).to.equal(16);
    }));

  for (const [what, schema, query] of HIDDEN) {
    it(`keeps what is written by ${what}`, () =>
      inTest(sandbox(), async () => {
        await client.query(schema);
        await notes();
        for (const values of [undefined, []]) {
          await client.query({ text: query, ...(values && { values }) });
          await fail();
        }
        expect(await notes()).to.equal(2);
      }));
  }

  it('forgets what it knew of a schema that was rolled back', async () => {
    for (let run = 0; run < 2; run += 1) {
      await inTest(sandbox(), async () => {
        await client.query('select id from items');
        await client.query('create view written as select write_down() as n');
        await client.query('select n from written');
        await fail();
        expect(await notes()).to.equal(1);
      });
    }
  });
});
