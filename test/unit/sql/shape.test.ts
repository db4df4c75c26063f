import { expect } from 'chai';
import fc from 'fast-check';
import type { Dialect } from '#src/sql/dialect.js';
import { shapeOf } from '#src/sql/shape.js';
import { dialect, roughSql } from './sql-arbitraries.js';

const BOTH: readonly Dialect[] = ['sqlite', 'postgres'];

describe('the shape of a statement', () => {
  const shapes: readonly (readonly [sql: string, shape: string, dialects?: readonly Dialect[]])[] = [
    ['SELECT  *\n\tFROM "Order"\nWHERE Id = 12', 'select * from "Order" where id = ?'],
    ["select 'it''s', 1.5e3, x'00', -- a comment\n 2", 'select ?'],
    ['select * from t where a = -1 and b > +2', 'select * from t where a = ? and b > ?'],
    ['select a - 1, (-1), a * -2', 'select a - ?, (?), a * ?'],
    ['select * from t where id in (1, 2, 3)', 'select * from t where id in (?)'],
    ['select * from t where id in ( ?,?,? )', 'select * from t where id in (?)', ['sqlite']],
    ['select * from t where id in ($1,$2)', 'select * from t where id in (?)'],
    ['select * from t where id = :id and b = @b', 'select * from t where id = ? and b = ?', ['sqlite']],
    [
      "select * from t where id = any($1::int[]) and j ? 'key'",
      'select * from t where id = any(?::int[]) and j ? ?',
      ['postgres'],
    ],
    ["select E'a\\'b', $tag$ 'x' $tag$, a::text", 'select ?, a::text', ['postgres']],
    ['insert into t (a, b) values (1, 2), (3, 4);', 'insert into t (a, b) values (?)'],
    ['insert into t values ($1, now(), $2), ($3, now(), $4)', 'insert into t values (?, now(), ?)'],
    ['select coalesce(a, 1), coalesce(a, 2)', 'select coalesce(a, ?), coalesce(a, ?)'],
    ['select * from t limit 10 offset 20', 'select * from t limit ? offset ?'],
    ['select * from t where a is null and b = TRUE', 'select * from t where a is null and b = ?'],
    ['select t.a from t1 as t where t.b2 = 3', 'select t.a from t1 as t where t.b2 = ?'],
    ['select case when a then -1 else -2 end', 'select case when a then ? else ? end'],
    ["select 'never closed", 'select ?'],
    ['begin', 'begin'],
    ['  ; ', ''],
    ['', ''],
  ];

  for (const [sql, shape, dialects = BOTH] of shapes) {
    it(`of ${JSON.stringify(sql)} is ${JSON.stringify(shape)}`, () => {
      for (const dialect of dialects) expect(shapeOf(sql, dialect), dialect).to.equal(shape);
    });
  }

  it('tells apart what is not only another value', () => {
    const different = [
      'select a from t where id = 1',
      'select b from t where id = 1',
      'select a from u where id = 1',
      'select a from t where id <> 1',
      'select a from t where id = 1 or id = 2',
      'select a from t where "id" = 1',
      'select a from t where id = 1 order by a',
    ];
    for (const dialect of BOTH) expect(new Set(different.map((sql) => shapeOf(sql, dialect)))).to.have.length(7);
  });

  it('is the same whatever the values, the length of a list, the blank space and the case', () => {
    const value = fc.oneof(
      fc.integer().map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n.toFixed(3)),
      fc.string().map((text) => `'${text.replaceAll("'", "''").replaceAll('\0', '')}'`),
      fc.integer({ min: 1, max: 99 }).map((n) => `$${n}`),
    );
    const space = fc.stringMatching(/^[ \n\t]{1,3}$/);

    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 5 }),
        value,
        space,
        fc.boolean(),
        (list, one, gap, upper) => {
          const words = upper
            ? ['SELECT A FROM T', 'WHERE B IN', 'AND C =']
            : ['select a from t', 'where b in', 'and c ='];
          const sql = `${words[0]}${gap}${words[1]}${gap}(${list.join(`,${gap}`)})${gap}${words[2]} ${one}`;
          expect(shapeOf(sql, 'postgres')).to.equal('select a from t where b in (?) and c = ?');
        },
      ),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(roughSql, dialect, (text, of) => {
        expect(() => shapeOf(text, of)).not.to.throw();
      }),
    );
  });
});
