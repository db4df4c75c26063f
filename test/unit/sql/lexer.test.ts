import { expect } from 'chai';
import fc from 'fast-check';
import type { Dialect } from '#src/sql/dialect.js';
import { tokenize } from '#src/sql/lexer.js';
import { dialect, DIALECTS, literal, roughSql } from './sql-arbitraries.js';

/** The tokens of a text as `kind:text`, without spaces. */
function lex(sql: string, of: Dialect): string[] {
  return tokenize(sql, of)
    .filter((token) => token.kind !== 'space')
    .map((token) => `${token.kind}:${sql.slice(token.start, token.end)}`);
}

describe('lexer', () => {
  const cases: readonly (readonly [string, readonly Dialect[], string, readonly string[]])[] = [
    ['a doubled quote', DIALECTS, "'it''s; '';'", ["string:'it''s; '';'"]],
    ['an open string', DIALECTS, "'a; b", ["string:'a; b"]],
    ['a quoted name', ['sqlite', 'postgres'], '"a"";b"', ['identifier:"a"";b"']],
    ['a string in double quotes', ['mysql'], '"a\\";b"', ['string:"a\\";b"']],
    ['a name in backticks', ['sqlite', 'mysql'], '`a``;`', ['identifier:`a``;`']],
    ['a name in brackets', ['sqlite'], "[a'; b]", ["identifier:[a'; b]"]],
    ['an array index', ['postgres'], 'a[1]', ['word:a', 'symbol:[', 'number:1', 'symbol:]']],
    ['a backslash that means nothing', ['sqlite', 'postgres'], "'\\';", ["string:'\\'", 'semicolon:;']],
    ['a backslash that escapes', ['mysql'], "'\\';'", ["string:'\\';'"]],
    ['an escape string', ['postgres'], "E'\\';'", ["string:E'\\';'"]],
    ['an escape string that goes on', ['postgres'], "e'a'\n 'b\\';'", ["string:e'a'\n 'b\\';'"]],
    ['an E that is a name', ['sqlite'], "e'\\'", ['word:e', "string:'\\'"]],
    ['a blob', DIALECTS, "x'00ff'", ["string:x'00ff'"]],
    ['dollar quotes', ['postgres'], '$$;$$ $a$ $b$;$$ $a$', ['string:$$;$$', 'string:$a$ $b$;$$ $a$']],
    ['an open dollar quote', ['postgres'], '$a$;$b$', ['string:$a$;$b$']],
    ['a dollar in a name', ['postgres'], 'a$b$ ;', ['word:a$b$', 'semicolon:;']],
    ['nested comments', ['postgres'], '/* /* ; */ ; */ a', ['comment:/* /* ; */ ; */', 'word:a']],
    ['comments that do not nest', ['sqlite'], '/* /* ; */ a', ['comment:/* /* ; */', 'word:a']],
    ['an open comment', DIALECTS, 'a /* ;', ['word:a', 'comment:/* ;']],
    ['a line comment', DIALECTS, '-- ;\na', ['comment:-- ;', 'word:a']],
    ['a comment up to a carriage return', ['postgres'], '--;\ra', ['comment:--;', 'word:a']],
    ['a carriage return in a comment', ['sqlite'], '--;\ra', ['comment:--;\ra']],
    ['dashes that are minus signs', ['mysql'], '1--2', ['number:1', 'symbol:-', 'symbol:-', 'number:2']],
    ['a hash comment', ['mysql'], '# ;\na', ['comment:# ;', 'word:a']],
    ['a hash operator', ['postgres'], "a#>'{}'", ['word:a', 'symbol:#', 'symbol:>', "string:'{}'"]],
    ['code in a MySQL comment', ['mysql'], '/*!40000 commit */', ['comment:/*!40000', 'word:commit', 'comment:*/']],
    [
      'placeholders of SQLite',
      ['sqlite'],
      '? ?12 :a @b $c',
      'placeholder:? placeholder:?12 placeholder::a placeholder:@b placeholder:$c'.split(' '),
    ],
    ['placeholders of Postgres', ['postgres'], '$1+$23', ['placeholder:$1', 'symbol:+', 'placeholder:$23']],
    ['placeholders of MySQL', ['mysql'], '? :a @b', ['placeholder:?', 'placeholder::a', 'word:@b']],
    ['a cast', ['postgres'], 'a::int', ['word:a', 'symbol::', 'symbol::', 'word:int']],
    ['the ? operators', ['postgres'], 'a ?| b ? c', ['word:a', 'symbol:?', 'symbol:|', 'word:b', 'symbol:?', 'word:c']],
    ['numbers', DIALECTS, '1 .5 1.5e-10 0xFF', ['number:1', 'number:.5', 'number:1.5e-10', 'number:0xFF']],
    ['names in any script', DIALECTS, 'größe 表', ['word:größe', 'word:表']],
    ['a byte order mark', DIALECTS, '\ufeffselect', ['word:select']],
  ];

  for (const [title, dialects, sql, tokens] of cases) {
    for (const of of dialects) {
      it(`${of}: ${title}`, () => {
        expect(lex(sql, of)).to.deep.equal(tokens);
      });
    }
  }

  it('is quick about long runs of space behind an escape string', () => {
    expect(lex(`E'a'${'\n'.repeat(50_000)};`, 'postgres')).to.deep.equal(["string:E'a'", 'semicolon:;']);
  });

  it('leaves no gap and throws at nothing', () => {
    fc.assert(
      fc.property(roughSql, dialect, (sql, of) => {
        let end = 0;
        for (const token of tokenize(sql, of)) {
          expect(token.start).to.equal(end);
          expect(token.end).to.be.greaterThan(token.start);
          end = token.end;
        }
        expect(end).to.equal(sql.length);
      }),
      { numRuns: 500 },
    );
  });

  it('reads whatever is in a string as one string', () => {
    fc.assert(
      fc.property(roughSql, dialect, (text, of) => {
        expect(lex(literal(text, of), of)).to.deep.equal([`string:${literal(text, of)}`]);
      }),
      { numRuns: 500 },
    );
  });
});
