import { expect } from 'chai';
import { columnAsWritten, takeForString } from '#src/sql/double-quotes.js';

describe('a name in double quotes, taken for a string', () => {
  const texts: readonly (readonly [sql: string, name: string, taken: string])[] = [
    ['select "a" from t where b = "a"', 'a', "select 'a' from t where b = 'a'"],
    ['select "a", "b"', 'b', `select "a", 'b'`],
    [`select "it's", "say ""hi"""`, "it's", `select 'it''s', "say ""hi"""`],
    ['select "say ""hi"""', 'say "hi"', `select 'say "hi"'`],
    ['select t."a", "a".b, [a], `a`, a -- "a"', 'a', 'select t."a", "a".b, [a], `a`, a -- "a"'],
    ['select "A"', 'a', 'select "A"'],
  ];

  for (const [sql, name, taken] of texts) {
    it(`${sql}: ${name}`, () => {
      const text = { sql, names: [] };
      const result = takeForString(text, name);
      expect(result.sql).to.equal(taken);
      if (sql === taken) expect(result).to.equal(text);
      else expect(result.names).to.deep.equal([name]);
    });
  }

  it('is in the name of its column as it was written', () => {
    const text = { sql: '', names: ['a', "it's"] };
    expect(columnAsWritten("'a' || 'b' || 'it''s'", text)).to.equal(`"a" || 'b' || "it's"`);
    expect(columnAsWritten('plain', text)).to.equal('plain');
  });
});
