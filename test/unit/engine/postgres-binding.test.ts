import { expect } from 'chai';
import fc from 'fast-check';

import { bind } from '#src/engine/postgres/session/binding.js';
import { numberNames } from '#src/engine/postgres/session/named.js';
import { quoteName } from '#src/engine/postgres/session/names.js';
import { SessionUsageError } from '#src/errors.js';

describe('named placeholders on Postgres', () => {
  const CASES: readonly (readonly [sql: string, text: string, ...names: string[]])[] = [
    ['select 1', 'select 1'],
    ['select :a', 'select $1', 'a'],
    ['select :a, :b, :a', 'select $1, $2, $1', 'a', 'b'],
    ['select :a::int, :b :: text', 'select $1::int, $2 :: text', 'a', 'b'],
    ['select a::text, b::"char"', 'select a::text, b::"char"'],
    ["select ':a', E'\\':a', $$:a$$, $x$ :a $$ :b $x$", "select ':a', E'\\':a', $$:a$$, $x$ :a $$ :b $x$"],
    ['select ":a" -- :b\n, /* :c /* :d */ :e */ :f', 'select ":a" -- :b\n, /* :c /* :d */ :e */ $1', 'f'],
    ['do $$ begin x := 1; end $$', 'do $$ begin x := 1; end $$'],
    ['call f(a := :a, b => :b)', 'call f(a := $1, b => $2)', 'a', 'b'],
    ['select a[1:n], a[i:n], a[(1):n], a[b[1]:n]', 'select a[1:n], a[i:n], a[(1):n], a[b[1]:n]'],
    ['select a[:from : :to]', 'select a[$1 : $2]', 'from', 'to'],
    ['select array[:a, :b]', 'select array[$1, $2]', 'a', 'b'],
    ['select x where(:a)in(:b)', 'select x where($1)in($2)', 'a', 'b'],
    ["select j ? 'a', j ?| :keys, j @> :part", "select j ? 'a', j ?| $1, j @> $2", 'keys', 'part'],
    ['select @ -5, @a, 5 % :a', 'select @ -5, @a, 5 % $1', 'a'],
    ['select :größe, :_x1', 'select $1, $2', 'größe', '_x1'],
    ['select : a, :1', 'select : a, :1'],
  ];

  for (const [sql, text, ...names] of CASES) {
    it(JSON.stringify(sql), () => expect(numberNames(sql)).to.deep.equal({ text, names }));
  }

  it('leave every other text as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { names, text: written } = numberNames(text);
        if (names.length === 0) expect(written).to.equal(text);
      }),
    );
  });
});

describe('binding on Postgres', () => {
  it('takes a list for numbers, and for names in the order of appearance', () => {
    expect(bind('select $2, $1', ['a', 'b'])).to.deep.equal({ text: 'select $2, $1', values: ['a', 'b'] });
    expect(bind('select :b, :a, :b', [1, 2])).to.deep.equal({ text: 'select $1, $2, $1', values: ['1', '2'] });
  });

  it('takes an object for names, with and without the colon; further keys are of no account', () => {
    expect(bind('select :a, :b', { b: null, ':a': true, c: 1 }).values).to.deep.equal(['true', null]);
    expect(bind('select 1', { a: 1 })).to.deep.equal({ text: 'select 1', values: [] });
  });

  it('leaves a text without parameters alone', () => {
    const sql = 'create function f(int) returns int return $1 + :a';
    expect(bind(sql, undefined)).to.deep.equal({ text: sql, values: [] });
    expect(bind(sql, [])).to.deep.include({ values: [] });
  });

  const REFUSED: readonly (readonly [title: string, sql: string, parameters: never, ...words: string[]])[] = [
    ['too few values', 'select $1, $2', ['a'] as never, 'has 2 placeholders, but 1 value came'],
    ['too many values', 'select $1', ['a', 'b'] as never, 'has 1 placeholder, but 2 values came'],
    ['values for none', 'select 1', ['a'] as never, 'has no placeholders, but 1 value came'],
    ['question marks', 'select ?', ['a'] as never, 'a question mark is an operator', 'Write $1'],
    ['too few values for names', 'select :a, :b', ['a'] as never, 'has 2 placeholders, but 1 value came'],
    ['a missing name', 'select :a', { b: 1, c: 2 } as never, 'needs a value for :a', 'only: b, c'],
    ['a name that only a prototype has', 'select :toString', {} as never, 'needs a value for :toString'],
    ['an object for numbers', 'select $1, :a', { a: 1 } as never, 'numbered placeholders ($1), but an object'],
    ['more values than the protocol counts', 'select 1', Array(65_536).fill(1) as never, 'at most 65535', '= any($1)'],
    ['a NUL in a text', 'select $1', ['a\0b'] as never, 'Parameter $1', 'NUL character, at index 1', 'bytea'],
    ['a NUL in a named text', 'select :a', { a: '\0' } as never, 'Parameter :a'],
    ['a NUL in a list', 'select $1', [['\0']] as never, 'Parameter $1'],
    ['a NUL in the SQL', 'select 1\0', undefined as never, 'The SQL has a NUL character, at index 8'],
  ];

  for (const [title, sql, parameters, ...words] of REFUSED) {
    it(`refuses ${title}`, () => {
      const call = (): unknown => bind(sql, parameters);
      expect(call).to.throw(SessionUsageError);
      for (const word of words) expect(call).to.throw(word);
    });
  }
});

describe('names on Postgres', () => {
  const CASES: readonly (readonly [name: string, quoted: string])[] = [
    ['providers', '"providers"'],
    ['Providers', '"Providers"'],
    ['public.providers', '"public"."providers"'],
    ['"odd.schema"."a ""b"""', '"odd.schema"."a ""b"""'],
    ['public."Odd.Name"', '"public"."Odd.Name"'],
    ['"odd.schema".providers', '"odd.schema"."providers"'],
    ['a"b', '"a""b"'],
    ['"', '""""'],
    ['""', '""""""'],
    ['"a"; drop table b; --"', '"""a""; drop table b; --"""'],
    ['a" or "b', '"a"" or ""b"'],
    ['größe & co', '"größe & co"'],
  ];

  for (const [name, quoted] of CASES) it(name, () => expect(quoteName(name)).to.equal(quoted));

  it('never let anything out of their quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', '.', 'a', ' ', ';') }), (name) => {
        expect(quoteName(name)).to.match(/^"(?:[^"]|"")*"(?:\."(?:[^"]|"")*")*$/);
      }),
    );
  });
});
