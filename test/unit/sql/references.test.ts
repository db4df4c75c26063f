import BetterSqlite3 from 'better-sqlite3';
import { expect } from 'chai';
import fc from 'fast-check';
import { namesSchema, tableChange, withoutReferences, withTableName } from '#src/sql/references.js';
import { roughSql } from './sql-arbitraries.js';

describe('foreign keys in the text of a table', () => {
  const texts: readonly (readonly [sql: string, bare: string])[] = [
    ['CREATE TABLE c (p REFERENCES p)', 'CREATE TABLE c (p CHECK(1))'],
    ['CREATE TABLE c (p int references "p" (id), b)', 'CREATE TABLE c (p int CHECK(1), b)'],
    [
      'CREATE TABLE c (p INTEGER NOT NULL CONSTRAINT fk REFERENCES p(a, "b)") ON DELETE SET NULL ON UPDATE NO ACTION UNIQUE)',
      'CREATE TABLE c (p INTEGER NOT NULL CONSTRAINT fk CHECK(1) UNIQUE)',
    ],
    [
      'CREATE TABLE c (p REFERENCES p ON DELETE CASCADE NOT NULL, q REFERENCES p ON UPDATE SET DEFAULT)',
      'CREATE TABLE c (p CHECK(1) NOT NULL, q CHECK(1))',
    ],
    [
      'CREATE TABLE c (p REFERENCES p MATCH FULL NOT DEFERRABLE INITIALLY IMMEDIATE NOT NULL DEFAULT 1)',
      'CREATE TABLE c (p CHECK(1) NOT NULL DEFAULT 1)',
    ],
    [
      'CREATE TABLE c (p, FOREIGN KEY (p) REFERENCES [p] (id) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED, UNIQUE (p))',
      'CREATE TABLE c (p, CHECK(1), UNIQUE (p))',
    ],
    [
      'CREATE TABLE c (p, q, CONSTRAINT a FOREIGN KEY(p, q) REFERENCES p CONSTRAINT b UNIQUE (q)) WITHOUT ROWID',
      'CREATE TABLE c (p, q, CONSTRAINT a CHECK(1) CONSTRAINT b UNIQUE (q)) WITHOUT ROWID',
    ],
    [
      "CREATE TABLE c (p /* REFERENCES x */ REFERENCES -- p\n 'p' /* why */ (id) -- references\n)",
      'CREATE TABLE c (p /* REFERENCES x */ CHECK(1) -- references\n)',
    ],
    ['CREATE TABLE "references" (a DEFAULT \'references\')', 'CREATE TABLE "references" (a DEFAULT \'references\')'],
    ['CREATE TABLE c (p REFERENCES p DEFERRABLE)', 'CREATE TABLE c (p CHECK(1))'],
    ['CREATE TEMP TABLE c (p REFERENCES p)', 'CREATE TEMP TABLE c (p CHECK(1))'],
    ['CREATE VIRTUAL TABLE v USING fts5(a, references b)', 'CREATE VIRTUAL TABLE v USING fts5(a, references b)'],
    ['CREATE VIEW v AS SELECT 1', 'CREATE VIEW v AS SELECT 1'],
    ['', ''],
  ];

  for (const [sql, bare] of texts) {
    it(`are taken out of ${JSON.stringify(sql)}`, () => {
      expect(withoutReferences(sql)).to.equal(bare);
      expect(withoutReferences(bare)).to.equal(bare);
    });
  }

  it('end with the text where it is broken off', () => {
    for (const sql of [
      'CREATE TABLE c (p REFERENCES',
      'CREATE TABLE c (p REFERENCES p (',
      'CREATE TABLE c (REFERENCES p ON',
    ])
      expect(withoutReferences(sql)).to.match(/^CREATE TABLE c \(.*CHECK\(1\)/);
  });

  it('leave any other text alone', () => {
    fc.assert(
      fc.property(roughSql, (sql) => {
        if (!/create\s+table|references/i.test(sql)) expect(withoutReferences(sql)).to.equal(sql);
      }),
    );
  });

  // Every form of the clause beside every other constraint: SQLite itself says what is left.
  const name = fc.constantFrom('p', '"p"', '[p]', '`p`', "'p'");
  const column = fc.constantFrom('a', '"b"', '[references]', '`foreign`', '"on""e"');
  const action = fc.constantFrom('CASCADE', 'RESTRICT', 'NO ACTION', 'SET NULL', 'set default');
  const argument = fc.oneof(
    action.map((text) => `ON DELETE ${text}`),
    action.map((text) => `ON UPDATE ${text}`),
    fc.constantFrom('MATCH FULL', 'MATCH SIMPLE', 'MATCH "partial"'),
  );
  const deferred = fc.constantFrom('', 'DEFERRABLE', 'NOT DEFERRABLE', 'DEFERRABLE INITIALLY DEFERRED');
  const reference = fc
    .tuple(name, fc.constantFrom('', '(id)', '("x(y)")'), fc.array(argument, { maxLength: 3 }), deferred)
    .map(([table, columns, rest, defer]) => ['REFERENCES', table, columns, ...rest, defer].join(' '));
  const other = fc.constantFrom('NOT NULL', "DEFAULT 'references p'", 'UNIQUE', 'CHECK (a <> 1)', 'COLLATE nocase');
  const gap = fc.constantFrom(' ', '\n', ' /* references */ ', ' -- ,\n');
  const constraints = fc
    .tuple(fc.array(fc.oneof(reference, other), { maxLength: 4 }), gap, fc.boolean())
    .map(([list, space, named]) => list.map((text, at) => (named ? `CONSTRAINT c${at} ${text}` : text)).join(space));
  const table = fc
    .tuple(
      fc
        .uniqueArray(column, { minLength: 1 })
        .chain((names) => fc.tuple(...names.map((text) => constraints.map((rest) => `${text} INTEGER ${rest}`)))),
      fc.array(
        reference.map((text) => `FOREIGN KEY ("a") ${text}`),
        { maxLength: 2 },
      ),
      gap,
    )
    .map(([columns, keys, space]) => `CREATE TABLE t${space}(a_,${[...columns, ...keys].join(`${space},`)})`);

  it('are all that goes', () => {
    const database = new BetterSqlite3(':memory:');
    const shape = (sql: string): unknown => {
      database.exec(sql);
      const columns = database.pragma('table_xinfo(t)');
      const indexes = database.pragma('index_list(t)');
      const keys = database.pragma('foreign_key_list(t)') as unknown[];
      database.exec('DROP TABLE t');
      return { columns, indexes, keys };
    };

    fc.assert(
      fc.property(table, (sql) => {
        let whole: unknown;
        try {
          whole = shape(sql);
        } catch {
          // A key whose columns do not fit.
          return;
        }
        expect(shape(withoutReferences(sql))).to.deep.equal({ ...(whole as object), keys: [] });
      }),
      { numRuns: 500 },
    );
  });
});

describe('a table with another name', () => {
  const texts: readonly (readonly [sql: string, name: string, renamed: string])[] = [
    ['CREATE TABLE a (b REFERENCES a)', 'c', 'CREATE TABLE "c" (b REFERENCES a)'],
    ['CREATE TABLE "a b"(b)', 'c"d', 'CREATE TABLE "c""d"(b)'],
    ['CREATE TABLE /* a */ [a](b)', 'c', 'CREATE TABLE /* a */ "c"(b)'],
    ['CREATE VIEW a AS SELECT 1', 'c', 'CREATE VIEW a AS SELECT 1'],
  ];

  for (const [sql, name, renamed] of texts) {
    it(`is ${renamed}`, () => {
      expect(withTableName(sql, name)).to.equal(renamed);
    });
  }
});

describe('what a statement does to a table', () => {
  const changes: readonly (readonly [sql: string, change: string | undefined])[] = [
    ['DROP TABLE t', 'drop'],
    ['/* a */ drop table if exists main.t', 'drop'],
    ['DROP INDEX t', undefined],
    ['ALTER TABLE t RENAME TO u', 'rename'],
    ['alter table "main"."t" rename to u', 'rename'],
    ['ALTER TABLE t RENAME COLUMN a TO b', undefined],
    ['ALTER TABLE t RENAME a TO b', undefined],
    ['ALTER TABLE t ADD COLUMN a', undefined],
    ['CREATE TABLE t (a)', undefined],
  ];

  for (const [sql, change] of changes) {
    it(`${sql}: ${change ?? 'nothing as a whole'}`, () => {
      expect(tableChange(sql)).to.equal(change);
    });
  }
});

describe('the schema as a table', () => {
  for (const sql of [
    'SELECT * FROM sqlite_master',
    'select sql from main."SQLITE_SCHEMA"',
    'SELECT * FROM temp.sqlite_temp_schema',
    "SELECT * FROM pragma_table_info('t')",
  ])
    it(`is named in ${sql}`, () => {
      expect(namesSchema(sql)).to.equal(true);
    });

  for (const sql of ["INSERT INTO t VALUES ('sqlite_master')", 'SELECT 1 -- pragma_table_info', 'SELECT * FROM t'])
    it(`is not named in ${sql}`, () => {
      expect(namesSchema(sql)).to.equal(false);
    });
});
