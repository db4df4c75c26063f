import { expect } from 'chai';
import fc from 'fast-check';
import { memoize } from '#src/sql/memo.js';
import { placeholders } from '#src/sql/placeholders.js';
import { dialect, literal, roughSql } from './sql-arbitraries.js';

describe('placeholders', () => {
  it('are found with their names and places', () => {
    const sql = 'select ?, ?2, :a, \'?\' -- ?\n, @b, $c, "?"';

    expect(placeholders(sql, 'sqlite').map(({ text, name }) => [text, name])).to.deep.equal([
      ['?', undefined],
      ['?2', '2'],
      [':a', 'a'],
      ['@b', 'b'],
      ['$c', 'c'],
    ]);
    for (const { start, end, text } of placeholders(sql, 'sqlite')) expect(sql.slice(start, end)).to.equal(text);
  });

  it('are $n alone in Postgres', () => {
    const sql = "select $1::int, a ? 'b', a[1:2], @ -1, $$ $2 $$, $1";
    expect(placeholders(sql, 'postgres').map(({ name }) => name)).to.deep.equal(['1', '1']);
  });

  it('are never in a string', () => {
    fc.assert(
      fc.property(roughSql, dialect, (text, of) => {
        expect(placeholders(`select ${literal(text, of)}`, of)).to.deep.equal([]);
      }),
    );
  });
});

describe('memoize', () => {
  it('computes once, and forgets the oldest', () => {
    const computed: string[] = [];
    const remembered = memoize((text) => {
      computed.push(text);
      return text.length;
    }, 2);

    for (const text of ['a', 'a', 'b', 'a', 'c', 'b', 'a']) expect(remembered(text)).to.equal(1);
    expect(computed).to.deep.equal(['a', 'b', 'c', 'a']);
  });
});
