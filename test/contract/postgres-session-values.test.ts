import { expect } from 'chai';
import type pg from 'pg';

import type { PostgresSession } from '#src/engine/postgres/session/index.js';

import { ENGINES, openEngine, openPg, startServer } from '../integration/postgres/session/server.js';

interface Case {
  readonly title: string;
  readonly sql: string;
  readonly values?: unknown[];
}

/** Text of a value, by type; each is read alone, in an array, and as NULL. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  int2: ['-32768', '32767'],
  int4: ['0', '-2147483648'],
  int8: ['9007199254740993', '-1'],
  oid: ['4294967295'],
  float4: ['1.5', 'NaN', '-Infinity'],
  float8: ['0.1', '1e300', 'Infinity'],
  numeric: ['12345678901234567890.123456789', '-0.00', 'NaN'],
  money: ['12.34'],
  bool: ['true', 'false'],
  text: ['', 'plain', 'Ünïcödé 漢字 😀', 'quote \' and " and \\ and {a,b}', 'line\nbreak\ttab'],
  varchar: ['abc'],
  'char(5)': ['ab'],
  name: ['a_name'],
  bytea: ['\\x', '\\x00ff10', '\\x5c78'],
  json: ['{"a": [1, 2, {"b": null}]}', '[]', '"text"', '12345678901234567890'],
  jsonb: ['{"b": 1, "a": "x"}', 'null', '[1, "two"]'],
  date: ['2024-02-29', '0044-03-15 BC', 'infinity', '-infinity'],
  time: ['12:34:56.789'],
  timetz: ['12:34:56+02'],
  timestamp: ['2024-02-29 12:34:56.789123', '0001-01-01 00:00:00', 'infinity'],
  timestamptz: ['2024-02-29 12:34:56.789+00', '1900-01-01 00:00:00+00', '-infinity'],
  interval: ['1 year 2 mons 3 days 04:05:06.789', '-1 day', '0'],
  uuid: ['00112233-4455-6677-8899-aabbccddeeff'],
  inet: ['192.168.0.1/24', '::1'],
  cidr: ['10.0.0.0/8'],
  macaddr: ['08:00:2b:01:02:03'],
  point: ['(1.5,-2)'],
  circle: ['<(1,2),3>'],
  lseg: ['[(0,0),(1,1)]'],
  path: ['((0,0),(1,1))'],
  polygon: ['((0,0),(1,1),(2,0))'],
  bit: ['1'],
  varbit: ['10101'],
  tsvector: ["'cat':1 'dog':2"],
  int4range: ['[1,5)', 'empty'],
  xml: ['<a>b</a>'],
  regclass: ['pg_class'],
};

const TYPE_CASES: readonly Case[] = Object.entries(TYPES).flatMap(([type, texts]) => [
  ...texts.map((text) => ({
    title: `${type} ${JSON.stringify(text)}`,
    sql: `select ${literal(text)}::${type} as value, null::${type} as nothing`,
  })),
  {
    title: `${type}[]`,
    sql: `select array[${texts.map((text) => `${literal(text)}::${type}`).join(', ')}, null] as list,
          '{}'::${type}[] as empty, array[array[${literal(texts[0] ?? '')}::${type}]] as nested`,
  },
]);

const CASES: readonly Case[] = [
  ...TYPE_CASES,

  // Shapes
  { title: 'no rows', sql: 'select 1 as a where false' },
  { title: 'no columns', sql: 'select' },
  { title: 'one row without columns of many', sql: 'select from generate_series(1, 3)' },
  { title: 'columns in order', sql: 'select 1 as z, 2 as a, 3 as "1", 4 as m' },
  { title: 'two columns of one name', sql: 'select 1 as a, 2 as b, 3 as a' },
  { title: 'an unnamed column', sql: 'select 1' },
  { title: 'a column named __proto__', sql: 'select 1 as "__proto__", 2 as constructor' },
  { title: 'a column with an odd name', sql: 'select 1 as "Größe \' ""x"""' },
  { title: 'a type that has no parser', sql: "create type mood as enum ('sad', 'ok')" },
  { title: 'an enum', sql: "select 'ok'::mood as mood, array['sad']::mood[] as moods" },
  { title: 'a row type', sql: 'select row(1, null, $$a b$$) as r' },
  { title: '10,000 rows', sql: "select n, n * 1.5 as half, 'row ' || n as name from generate_series(1, 10000) n" },
  { title: '1,000 columns', sql: `select ${Array.from({ length: 1000 }, (_, n) => `${n} as c${n}`).join(', ')}` },
  { title: '5 MB of text', sql: "select repeat('Lockstep ü', 524288) as large" },
  { title: '5 MB of bytes', sql: "select decode(repeat('00ff', 2621440), 'hex') as large" },

  // Statements
  { title: 'create', sql: 'create table t (id serial primary key, a text, b int default 7)' },
  { title: 'insert', sql: "insert into t (a) values ('x'), ('y'), (null)" },
  { title: 'insert returning', sql: 'insert into t (a) values ($1) returning *', values: ['z'] },
  { title: 'update', sql: 'update t set b = b + 1 where a is not null' },
  { title: 'update of nothing', sql: 'update t set b = 0 where false' },
  { title: 'update returning', sql: 'update t set b = $1 where id = $2 returning id, b', values: [1, 2] },
  { title: 'insert on conflict', sql: 'insert into t (id) values (1) on conflict do nothing' },
  { title: 'merge', sql: 'merge into t using (select 1 as id) s on t.id = s.id when matched then update set a = null' },
  { title: 'with a write', sql: 'with gone as (delete from t where id = 3 returning id) select * from gone' },
  { title: 'delete', sql: 'delete from t' },
  { title: 'show', sql: 'show server_encoding' },
  { title: 'explain', sql: 'explain (costs off) select 1' },
  { title: 'values', sql: "values (1, 'a'), (2, 'b')" },
  { title: 'a comment in front', sql: '-- first\n/* and */ select 1 as a' },
  { title: 'a semicolon at the end', sql: 'select 1 as a;' },
  { title: 'a notice', sql: "do $$ begin raise notice 'listen'; end $$" },
  { title: 'a notice within rows', sql: 'drop table if exists nowhere' },
  { title: 'a changed setting', sql: "set application_name = 'changed'" },
  { title: 'a prepared statement', sql: 'prepare one (int) as select $1 as a' },
  { title: 'its execution', sql: 'execute one(5)' },
  { title: 'a cursor', sql: 'declare c cursor with hold for select generate_series(1, 5) as n' },
  { title: 'its rows', sql: 'fetch 2 from c' },
  { title: 'a void function', sql: 'select pg_sleep(0) as slept' },

  // Parameters
  { title: 'a number', sql: 'select $1::int as a, $2::float8 as b', values: [7, 0.1] },
  { title: 'a bigint', sql: 'select $1::int8 as a', values: [9007199254740993n] },
  { title: 'a boolean', sql: 'select $1::bool as a, $2::bool as b', values: [true, false] },
  { title: 'null and undefined', sql: 'select $1::text as a, $2::text as b', values: [null, undefined] },
  { title: 'text', sql: 'select $1::text as a', values: ['\'; drop table t; -- \\ " ü 😀'] },
  { title: 'empty text', sql: 'select $1::text as a', values: [''] },
  { title: '5 MB of text in', sql: 'select length($1::text) as n, $1 as back', values: ['ü'.repeat(2_621_440)] },
  { title: 'a Date', sql: 'select $1::timestamptz as a', values: [new Date('2024-02-29T12:34:56.789Z')] },
  { title: 'a Date before Christ', sql: 'select $1::timestamptz::text as a', values: [new Date(-99_999_999_999_999)] },
  { title: 'a Buffer', sql: 'select $1::bytea as a', values: [Buffer.from([0, 255, 92, 39])] },
  { title: 'a Buffer as text', sql: 'select $1::text as a', values: [Buffer.from('größe')] },
  { title: 'a Buffer among others', sql: 'select $1::int as a, $2::bytea as b', values: [1, Buffer.from('x')] },
  { title: 'an empty Buffer', sql: 'select $1::bytea as a', values: [Buffer.alloc(0)] },
  { title: 'a typed array', sql: 'select $1::bytea as a', values: [new Uint16Array([1, 65_535])] },
  { title: '5 MB of bytes in', sql: 'select $1::bytea as back', values: [Buffer.alloc(5_242_880, 'ab')] },
  { title: 'a list', sql: 'select $1::int[] as a', values: [[1, null, 3]] },
  { title: 'a list of texts', sql: 'select $1::text[] as a', values: [['a,b', '{}', '"', '\\', 'NULL', '', ' ']] },
  { title: 'nested lists', sql: 'select $1::int[] as a', values: [[[1, 2], [3, 4]]] }, // prettier-ignore
  { title: 'an empty list', sql: 'select $1::text[] as a', values: [[]] },
  { title: 'a list of Buffers', sql: 'select $1::bytea[] as a', values: [[Buffer.from([0, 92]), new Uint8Array([1])]] },
  { title: 'a list of Dates', sql: 'select $1::timestamptz[] as a', values: [[new Date(0)]] },
  { title: 'a list of objects', sql: 'select $1::jsonb[] as a', values: [[{ a: '"' }, { b: [1] }]] },
  { title: 'an object', sql: 'select $1::jsonb as a, $2::json as b', values: [{ a: [1, { b: null }] }, { z: 1 }] },
  { title: 'toPostgres', sql: 'select $1::point as a', values: [{ toPostgres: () => '(1,2)' }] },
  {
    title: 'toPostgres that converts',
    sql: 'select $1::int[] as a',
    values: [{ toPostgres: (convert: (value: unknown) => unknown) => convert([1, 2]) }],
  },
  { title: 'a parameter used twice', sql: 'select $1::int as a, $1::int + 1 as b', values: [1] },
  { title: 'parameters out of order', sql: 'select $2::int as a, $1::int as b', values: [1, 2] },
  { title: 'a list for any', sql: 'select n from generate_series(1, 5) n where n = any($1)', values: [[2, 4]] },
  { title: 'operators with a question mark', sql: `select '{"a":1}'::jsonb ? 'a' as has, '["b"]'::jsonb ?| $1 as any`, values: [['b']] }, // prettier-ignore
];

describe('the Postgres session and pg come to the same', function () {
  this.timeout(30_000);
  const expected = new Map<Case, pg.QueryResult>();

  before(async () => {
    const client = await openPg(await startServer());
    await client.query('create schema by_pg; set search_path = by_pg, public');
    // One after the other: some build on those before them.
    for (const one of CASES) expected.set(one, await client.query(one.sql, one.values));
    await client.end();
  });

  for (const engine of ENGINES) {
    describe(engine, () => {
      let session: PostgresSession;

      before(async () => {
        session = openEngine(engine, await startServer());
        const schema = session.quoteName(`by_${engine}`);
        session.script(`create schema ${schema}; set search_path = ${schema}, public`);
      });

      after(() => session.close());

      for (const one of CASES) {
        it(one.title, () => {
          const { rows, rowCount, command } = expected.get(one) as pg.QueryResult<Record<string, unknown>>;
          const changed = ['INSERT', 'UPDATE', 'DELETE', 'MERGE'].includes(command) ? rowCount : 0;

          const result = session.execute(one.sql, one.values);

          expect(result.changes, 'changes').to.equal(changed);
          expect(result.rows).to.deep.equal(rows);
          expect(result.rows.map(Object.keys)).to.deep.equal(rows.map(Object.keys));
        });
      }
    });
  }
});

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
