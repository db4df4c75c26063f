import { expect } from 'chai';
import fc from 'fast-check';
import type { Dialect } from '#src/sql/dialect.js';
import { split } from '#src/sql/split.js';
import { dialect, DIALECTS, literal, roughSql } from './sql-arbitraries.js';

const TRIGGER = `CREATE TEMP TRIGGER t AFTER INSERT ON a WHEN new.end > 1 BEGIN
  UPDATE a SET begin = CASE WHEN 1 THEN 2 END; SELECT end FROM a;
END`;
const ATOMIC = `CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql
  BEGIN ATOMIC INSERT INTO a VALUES (CASE WHEN 1 = 1 THEN 2 END); SELECT 1; END`;
const ROUTINE =
  'CREATE DEFINER=`a`@`b` PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; CASE 1 WHEN 1 THEN SELECT 1; END CASE; END';

describe('split', () => {
  const cases: readonly (readonly [string, readonly Dialect[], string, readonly string[]])[] = [
    ['nothing', DIALECTS, '', []],
    ['only comments and semicolons', DIALECTS, ' ; /* a; */ ; -- b\n;', []],
    ['one statement', DIALECTS, ' select 1 ', ['select 1']],
    ['one statement with its semicolon', DIALECTS, 'select 1 ;\n', ['select 1']],
    [
      'a whole transaction',
      DIALECTS,
      "BEGIN; insert into a values (';'); COMMIT",
      ['BEGIN', "insert into a values (';')", 'COMMIT'],
    ],
    [
      'comments that belong to a statement',
      DIALECTS,
      '/* a; */ select /* b; */ 1; -- done',
      ['/* a; */ select /* b; */ 1'],
    ],
    ['a trigger', ['sqlite'], `${TRIGGER}; select 1`, [TRIGGER, 'select 1']],
    [
      'an explained trigger',
      ['sqlite'],
      `EXPLAIN QUERY PLAN ${TRIGGER}; select 1`,
      [`EXPLAIN QUERY PLAN ${TRIGGER}`, 'select 1'],
    ],
    ['a trigger at the end', ['sqlite'], `select 1; ${TRIGGER}`, ['select 1', TRIGGER]],
    [
      'a trigger that only looks like one',
      ['sqlite'],
      'CREATE TABLE trigger (begin); COMMIT',
      ['CREATE TABLE trigger (begin)', 'COMMIT'],
    ],
    ['a routine of Postgres', ['postgres'], `${ATOMIC}; select 1`, [ATOMIC, 'select 1']],
    [
      'a body in dollar quotes',
      ['postgres'],
      'CREATE FUNCTION f() AS $$ BEGIN; END; $$; COMMIT',
      ['CREATE FUNCTION f() AS $$ BEGIN; END; $$', 'COMMIT'],
    ],
    [
      'a rule',
      ['postgres'],
      'CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c); COMMIT',
      ['CREATE RULE r AS ON INSERT TO a DO (DELETE FROM b; DELETE FROM c)', 'COMMIT'],
    ],
    [
      'BEGIN that is no body',
      ['postgres'],
      'BEGIN; CREATE TABLE a (); END; select 1',
      ['BEGIN', 'CREATE TABLE a ()', 'END', 'select 1'],
    ],
    ['a routine of MySQL', ['mysql'], `${ROUTINE}; select 1`, [ROUTINE, 'select 1']],
    [
      'a trigger of MySQL without BEGIN',
      ['mysql'],
      'CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @a = 1; COMMIT',
      ['CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @a = 1', 'COMMIT'],
    ],
    ['a missing quote', DIALECTS, "select 'a; COMMIT", ["select 'a; COMMIT"]],
  ];

  for (const [title, dialects, sql, statements] of cases) {
    for (const of of dialects) {
      it(`${of}: ${title}`, () => {
        expect(split(sql, of)).to.deep.equal(statements);
      });
    }
  }

  it('finds the statements that were joined, whatever their strings say', () => {
    const statement = fc.tuple(roughSql, fc.constantFrom('select', '/* ; */ insert', '(select', '-- ;\n update'));

    fc.assert(
      fc.property(fc.array(statement, { maxLength: 5 }), dialect, (parts, of) => {
        const statements = parts.map(
          ([text, verb]) => `${verb} ${literal(text, of)}${verb.startsWith('(') ? ')' : ''}`,
        );
        expect(split(statements.join(' ;\n'), of)).to.deep.equal(statements);
        expect(split(statements.map((one) => `${one};`).join(''), of)).to.deep.equal(statements);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves nothing to split in its pieces', () => {
    fc.assert(
      fc.property(roughSql, dialect, (sql, of) => {
        for (const piece of split(sql, of)) expect(split(piece, of).length).to.be.at.most(1);
      }),
      { numRuns: 500 },
    );
  });
});
