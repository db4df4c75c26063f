import { expect } from 'chai';
import fc from 'fast-check';
import { withNotifyFunctions } from '#src/engine/postgres/relay/notify-in-bodies.js';
import { edited } from '#src/engine/postgres/relay/reworded.js';
import { withStatementClock } from '#src/engine/postgres/relay/statement-clock.js';

const NOW = "(pg_catalog.now()+'0')";

/** A text, and the words that the server gets; undefined where it gets the client's. */
const CLOCK: readonly (readonly [sql: string, words: string | undefined])[] = [
  ['select current_timestamp', 'select "current_timestamp"()'],
  ['SELECT Current_Date, LOCALTIME(2)', 'SELECT "current_date"(), "localtime"(2)'],
  [
    'update posts set updated_at=CURRENT_TIMESTAMP where id = $1',
    'update posts set updated_at="current_timestamp"() where id = $1',
  ],
  [
    'select id from posts where created_at < localtimestamp and a',
    'select id from posts where created_at < "localtimestamp"() and a',
  ],
  ['insert into posts values (1, current_timestamp(3))', 'insert into posts values (1, "current_timestamp"(3))'],
  ['create table t (at timestamptz DEFAULT CURRENT_TIMESTAMP)', 'create table t (at timestamptz DEFAULT now())'],
  [
    'create table t (at timestamp(3) default current_timestamp(3) not null)',
    'create table t (at timestamp(3) default (now())::timestamptz(3) not null)',
  ],
  ['alter table t alter d set default (current_date)', 'alter table t alter d set default ((now())::date)'],
  ['create view v as select current_date', 'create view v as select "current_date"()'],
  ["select 'now'::timestamptz", `select ${NOW}::timestamptz`],
  ["select timestamp ' NOW '", `select ${NOW}::timestamp`],
  ["select cast('now' as date), 'now'::text", `select cast(${NOW} as date), 'now'::text`],
  ["create table t (at timestamp default 'now'::timestamp)", undefined],
  ["insert into words values ('now', 'current_date')", undefined],
  ['select 1 as current_date, t.current_time from t', undefined],
  ['select now() current_date, x localtime from t', undefined],
  ['select "current_timestamp" from t -- current_timestamp', undefined],
  ['select $$current_date$$', undefined],
  ['insert into t values ($$current_date$$) on conflict do nothing', undefined],
  [
    'create function touch() returns trigger as $x$ begin new.at := current_timestamp; return new; end $x$ language plpgsql',
    'create function touch() returns trigger as $x$ begin new.at := "current_timestamp"(); return new; end $x$ language plpgsql',
  ],
  [
    "-- a comment; of its own\nCREATE OR REPLACE PROCEDURE p() LANGUAGE 'sql' AS $$ insert into t values (current_date) $$; select localtime",
    `-- a comment; of its own\nCREATE OR REPLACE PROCEDURE p() LANGUAGE 'sql' AS $$ insert into t values ("current_date"()) $$; select "localtime"()`,
  ],
  ["do $$ begin raise notice '%', current_date; end $$", `do $$ begin raise notice '%', "current_date"(); end $$`],
  [
    "do $$ declare x timestamptz default current_timestamp; y date = 'now'::date; begin return; end $$",
    "do $$ declare x timestamptz default now(); y date = 'now'::date; begin return; end $$",
  ],
  ['create function f() returns text language plpython3u as $$ return current_date $$', undefined],
  [
    'create function d() returns date begin atomic select current_date; end',
    'create function d() returns date begin atomic select "current_date"(); end',
  ],
  ['select now()', undefined],
];

const NOTIFIES: readonly (readonly [sql: string, words: string | undefined])[] = [
  [
    'create function f() returns trigger language plpgsql as $$ begin notify Shop; return null; end $$',
    "create function f() returns trigger language plpgsql as $$ begin PERFORM pg_catalog.pg_notify('shop',''); return null; end $$",
  ],
  [
    `do $$ begin if true then NOTIFY "Shop", 'it''s'; end if; end $$`,
    `do $$ begin if true then PERFORM pg_catalog.pg_notify('Shop','it''s'); end if; end $$`,
  ],
  [
    'create function f() returns void as $$ notify shop $$ language sql',
    "create function f() returns void as $$ SELECT pg_catalog.pg_notify('shop','') $$ language sql",
  ],
  ['notify shop', undefined],
  ['select $$ notify shop; $$', undefined],
  ['do $$ declare notify text; begin notify := 1; execute $q$notify shop$q$; end $$', undefined],
];

describe('the words that the server gets', () => {
  for (const [reword, title, texts] of [
    [withStatementClock, 'for the time of a statement', CLOCK],
    [withNotifyFunctions, 'for NOTIFY in a body', NOTIFIES],
  ] as const)
    for (const [sql, words] of texts) it(`${title}: ${sql}`, () => expect(reword(sql)?.text).to.equal(words));

  it('have their places in the client’s own', () => {
    const pieces = fc.array(
      fc.tuple(fc.string({ maxLength: 8 }), fc.string({ minLength: 1, maxLength: 6 }), fc.string({ maxLength: 9 })),
    );
    fc.assert(
      fc.property(pieces, fc.string(), (parts, rest) => {
        let original = '';
        const edits = parts.map(([before, replaced, text]) => {
          const start = original.length + before.length;
          original += before + replaced;
          return { start, end: start + replaced.length, text };
        });
        original += rest;
        const reworded = edited(original, edits);
        const { text } = reworded;

        for (let place = 0; place < text.length; place += 1) {
          const origin = reworded.back(place);
          const edit = edits.find(({ start, end }) => start <= origin && origin < end);
          if (edit === undefined) expect(original[origin]).to.equal(text[place]);
          else expect(origin).to.equal(edit.start);
        }
      }),
    );
  });
});
