import { expect } from 'chai';
import fc from 'fast-check';
import { classify } from '#src/sql/classify.js';
import type { Dialect } from '#src/sql/dialect.js';
import { dialect, DIALECTS, literal, roughSql } from './sql-arbitraries.js';

const commit = { kind: 'commit', chain: false };
const rollback = { kind: 'rollback', chain: false };
const begin = { kind: 'begin', mode: undefined, tag: 'BEGIN' };
const start = { kind: 'begin', mode: undefined, tag: 'START TRANSACTION' };
const named = (kind: string, name: string, written = name): object => ({ kind, name, written });

describe('classify', () => {
  const cases: readonly (readonly [readonly Dialect[], string, object])[] = [
    [DIALECTS, '', { kind: 'empty' }],
    [DIALECTS, ' ;; /* commit */ -- commit', { kind: 'empty' }],

    [DIALECTS, 'COMMIT', commit],
    [DIALECTS, '/* x */ ; commit ; ', commit],
    [DIALECTS, '-- x\n\tCoMmIt -- y', commit],
    [['sqlite', 'postgres'], 'END', commit],
    [['sqlite', 'postgres'], 'END TRANSACTION', commit],
    [['sqlite'], 'COMMIT TRANSACTION "a b"', commit],
    [['postgres', 'mysql'], 'COMMIT WORK AND CHAIN', { kind: 'commit', chain: true }],
    [['postgres', 'mysql'], 'COMMIT AND NO CHAIN', commit],
    [['mysql'], '/*!40000 COMMIT */', commit],
    [['mysql'], 'COMMIT NO RELEASE', commit],
    [DIALECTS, 'COMMIT nonsense nonsense', { kind: 'write' }],

    [DIALECTS, 'ROLLBACK', rollback],
    [['postgres'], 'ABORT WORK', rollback],
    [['sqlite'], 'ROLLBACK TRANSACTION', rollback],
    [['postgres', 'mysql'], 'rollback and chain', { kind: 'rollback', chain: true }],
    [DIALECTS, 'ROLLBACK TO a', named('rollbackTo', 'a')],
    [DIALECTS, 'ROLLBACK TO SAVEPOINT a;', named('rollbackTo', 'a')],
    [['sqlite'], 'ROLLBACK TRANSACTION x TO SAVEPOINT a', named('rollbackTo', 'a')],
    [['postgres', 'mysql'], 'ROLLBACK WORK TO a', named('rollbackTo', 'a')],

    [DIALECTS, 'BEGIN', begin],
    [['sqlite'], 'BEGIN TRANSACTION', begin],
    [['sqlite'], 'begin /**/ immediate transaction', { ...begin, mode: 'immediate' }],
    [['sqlite'], 'BEGIN EXCLUSIVE', { ...begin, mode: 'exclusive' }],
    [['sqlite'], 'BEGIN DEFERRED', { ...begin, mode: 'deferred' }],
    [['sqlite'], 'START TRANSACTION', { kind: 'write' }],
    [
      ['postgres'],
      'BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY',
      { ...begin, readOnly: true, isolation: 'repeatable read' },
    ],
    [
      ['postgres'],
      'start transaction read write, isolation  level read committed, isolation level serializable',
      { ...begin, tag: 'START TRANSACTION', readOnly: false, isolation: 'serializable' },
    ],
    [['postgres', 'mysql'], 'START TRANSACTION READ WRITE', { ...start, readOnly: false }],
    [['postgres', 'mysql'], 'START TRANSACTION', start],
    [['mysql'], 'START TRANSACTION WITH CONSISTENT SNAPSHOT', start],
    [['mysql'], 'START SLAVE', { kind: 'write' }],

    [DIALECTS, 'SAVEPOINT a', named('savepoint', 'a')],
    [['postgres'], 'SAVEPOINT Foo', named('savepoint', 'foo', 'Foo')],
    [['postgres'], 'SAVEPOINT "Foo"', named('savepoint', 'Foo')],
    [['sqlite'], 'SAVEPOINT "Foo"', named('savepoint', 'foo', 'Foo')],
    [['sqlite'], "SAVEPOINT 'it''s'", named('savepoint', "it's")],
    [['sqlite'], 'SAVEPOINT [a b]', named('savepoint', 'a b')],
    [DIALECTS, 'RELEASE SAVEPOINT a', named('release', 'a')],
    [['sqlite', 'postgres'], 'RELEASE a', named('release', 'a')],

    [['sqlite'], 'PRAGMA foreign_keys', { kind: 'pragma', name: 'foreign_keys', value: undefined }],
    [['sqlite'], 'PRAGMA main.Foreign_Keys = ON', { kind: 'pragma', name: 'foreign_keys', value: 'ON' }],
    [['sqlite'], "pragma journal_mode('wal')", { kind: 'pragma', name: 'journal_mode', value: 'wal' }],
    [['sqlite'], 'PRAGMA cache_size = -2000;', { kind: 'pragma', name: 'cache_size', value: '-2000' }],

    [DIALECTS, "select 'COMMIT; ROLLBACK'", { kind: 'read' }],
    [DIALECTS, '(select 1)', { kind: 'read' }],
    [DIALECTS, 'values (1)', { kind: 'read' }],
    [DIALECTS, 'EXPLAIN DELETE FROM a', { kind: 'read' }],
    [['sqlite'], 'EXPLAIN QUERY PLAN DELETE FROM a', { kind: 'read' }],
    [['postgres'], 'EXPLAIN (ANALYZE, FORMAT json) DELETE FROM a', { kind: 'write' }],
    [['postgres'], 'EXPLAIN ANALYZE SELECT 1', { kind: 'read' }],
    [['postgres'], 'SELECT 1 INTO a', { kind: 'write' }],
    [['postgres'], 'SELECT (a).into FROM b', { kind: 'read' }],
    [DIALECTS, 'insert into a values (1)', { kind: 'write' }],
    [DIALECTS, 'WITH a AS (select 1) select * from a', { kind: 'read' }],
    [DIALECTS, 'WITH a(b) AS (select 1), c AS (select 2) INSERT INTO d select * from a', { kind: 'write' }],
    [DIALECTS, 'WITH a AS (select 1) UPDATE b SET c = 1', { kind: 'write' }],
    [DIALECTS, "WITH a AS (select 1) select replace(b, 'c', 'd') from a", { kind: 'read' }],
    [['postgres'], 'WITH a AS (DELETE FROM b RETURNING *) select * from a', { kind: 'write' }],
    [DIALECTS, 'create table commit (a)', { kind: 'ddl' }],
    [DIALECTS, 'DROP TABLE a', { kind: 'ddl' }],
    [['sqlite'], "ATTACH ':memory:' AS a", { kind: 'write' }],
    [['sqlite'], "ATTACH DATABASE '' AS a", { kind: 'write' }],
    [['postgres'], 'PREPARE transaction AS select 1', { kind: 'write' }],
    [['postgres'], 'VACUUM', { kind: 'write' }],
  ];

  for (const [dialects, sql, effect] of cases) {
    for (const of of dialects) {
      it(`${of}: ${JSON.stringify(sql)}`, () => {
        expect(classify(sql, of)).to.deep.equal(effect);
      });
    }
  }

  const refused: readonly (readonly [Dialect, string, string])[] = [
    ['sqlite', 'VACUUM', 'outside(this)'],
    ['sqlite', "VACUUM main INTO 'a.db'", 'VACUUM INTO'],
    ['sqlite', 'DETACH a', 'DETACH'],
    ['sqlite', "/* x */ ATTACH 'a.db' AS a", 'a.db'],
    ['sqlite', 'ATTACH ? AS a', "':memory:'"],
    ['postgres', "PREPARE TRANSACTION 'a'", 'plain COMMIT'],
    ['postgres', "COMMIT PREPARED 'a'", 'COMMIT PREPARED'],
    ['postgres', "ROLLBACK PREPARED 'a'", 'ROLLBACK PREPARED'],
    ['postgres', 'CREATE DATABASE a', 'schema of the config'],
    ['postgres', 'drop database a', 'DROP DATABASE'],
    ['postgres', 'ALTER SYSTEM SET a = 1', 'ALTER SYSTEM'],
    ['mysql', "XA START 'a'", 'XA'],
  ];

  for (const [of, sql, mentions] of refused) {
    it(`${of}: refuses ${JSON.stringify(sql)}`, () => {
      const effect = classify(sql, of);
      expect(effect.kind).to.equal('refused');
      if (effect.kind === 'refused') expect(`${effect.what} ${effect.why} ${effect.remedy}`).to.include(mentions);
    });
  }

  it('takes no text in a string or comment for a command', () => {
    fc.assert(
      fc.property(roughSql, fc.constantFrom('commit', 'rollback', 'vacuum'), dialect, (text, command, of) => {
        const hidden = literal(`${text}; ${command};`, of);
        expect(classify(`select ${hidden}`, of).kind).to.equal('read');
        expect(classify(`/* ${command} */ select 1 -- ; ${command}`, of).kind).to.equal('read');
      }),
      { numRuns: 300 },
    );
  });

  it('throws at nothing', () => {
    fc.assert(
      fc.property(roughSql, dialect, (sql, of) => {
        expect(classify(sql, of)).to.have.property('kind');
      }),
      { numRuns: 500 },
    );
  });
});
