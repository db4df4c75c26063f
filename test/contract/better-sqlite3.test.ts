import { expect } from 'chai';
import type BetterSqlite3 from 'better-sqlite3';
import { blockedHost, type Sandbox } from '#src/engine/index.js';
import { sqlite } from '#src/engine/sqlite/index.js';
import DropIn from '#src/engine/sqlite/drivers/better-sqlite3.js';
import { describeError, real } from './support.js';

type Db = BetterSqlite3.Database;
type Driver = new (file?: unknown, options?: unknown) => Db;

interface Case {
  readonly title: string;
  readonly options?: object;
  readonly run: (db: Db, Driver: Driver) => unknown;
}

const SCHEMA = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b BLOB);
  CREATE TABLE other (a, t REFERENCES t);
  INSERT INTO t (a, b) VALUES (1, x'00ff'), ('two', NULL), (3.5, 'text');
`;

/** Each is run by the drop-in and by better-sqlite3 itself; both must come to the same. */
const CASES: readonly Case[] = [
  // Misuse
  { title: 'SQL that is no string', run: (db) => db.prepare(5 as never) },
  { title: 'exec of no string', run: (db) => db.exec(undefined as never) },
  { title: 'pragma of no string', run: (db) => db.pragma({} as never) },
  { title: 'no statement', run: (db) => db.prepare('-- nothing') },
  { title: 'two statements', run: (db) => db.prepare('SELECT 1; SELECT 2') },
  { title: 'a syntax error', run: (db) => db.prepare('SELEC 1') },
  { title: 'a missing table', run: (db) => db.prepare('SELECT * FROM nowhere') },
  { title: 'too few values', run: (db) => db.prepare('SELECT ?, ?').get(1) },
  { title: 'too many values', run: (db) => db.prepare('SELECT ?').get(1, 2) },
  { title: 'a missing name', run: (db) => db.prepare('SELECT :a').get({ b: 1 }) },
  { title: 'a value of no type', run: (db) => db.prepare('SELECT ?').get(true) },
  { title: 'get of a statement without data', run: (db) => db.prepare('DELETE FROM t').get() },
  { title: 'all of BEGIN', run: (db) => db.prepare('BEGIN').all() },
  { title: 'pluck of a statement without data', run: (db) => db.prepare('DELETE FROM t').pluck() },
  { title: 'columns of a statement without data', run: (db) => db.prepare('DELETE FROM t').columns() },
  { title: 'bind twice', run: (db) => db.prepare('SELECT ?').bind(1).bind(2) },
  { title: 'values for a bound statement', run: (db) => db.prepare('SELECT ?').bind(1).get(2) },
  { title: 'a transaction of no function', run: (db) => db.transaction(5 as never) },
  { title: 'a transaction that returns a promise', run: (db) => db.transaction(async () => Promise.resolve())() },
  { title: 'use after close', run: (db) => db.close().prepare('SELECT 1') },
  { title: 'a statement after close', run: (db) => closed(db).get() },
  { title: 'readOnly, misspelled', run: (_, Driver) => new Driver(':memory:', { readOnly: true }) },
  { title: 'the option memory', run: (_, Driver) => new Driver(':memory:', { memory: true }) },
  { title: 'readonly in memory', run: (_, Driver) => new Driver(':memory:', { readonly: true }) },
  { title: 'a file that is no string', run: (_, Driver) => new Driver(5) },
  { title: 'options that are none', run: (_, Driver) => new Driver(':memory:', 5) },

  // Reading
  { title: 'get', run: (db) => db.prepare('SELECT * FROM t WHERE id = ?').get(1) },
  { title: 'get of nothing', run: (db) => db.prepare('SELECT * FROM t WHERE id = 99').get() },
  { title: 'all', run: (db) => db.prepare('SELECT * FROM t').all() },
  { title: 'iterate', run: (db) => [...db.prepare('SELECT id FROM t').iterate()] },
  { title: 'pluck, raw, expand', run: (db) => modes(db) },
  { title: 'mode turned off again', run: (db) => db.prepare('SELECT 1 AS one').pluck().pluck(false).get() },
  { title: 'bound values', run: (db) => db.prepare('SELECT ? AS a').bind('x').all() },
  { title: 'named values', run: (db) => db.prepare('SELECT :a AS a, @b AS b, $c AS c').get({ a: 1, b: null, c: 'x' }) },
  { title: 'an array of values', run: (db) => db.prepare('SELECT ? AS a, ? AS b').get([1, 2]) },
  { title: 'safe integers', run: (db) => db.prepare('SELECT 9007199254740993 AS big').safeIntegers().get() },
  {
    title: 'safe integers by default',
    run: (db) => db.defaultSafeIntegers().prepare('INSERT INTO t (a) VALUES (9)').run(),
  },
  { title: 'columns', run: (db) => db.prepare('SELECT id, a AS other, 1 FROM t').columns() },
  { title: 'properties of a statement', run: (db) => statementProperties(db, 'SELECT * FROM t') },
  { title: 'properties of a write', run: (db) => statementProperties(db, 'DELETE FROM t') },
  { title: 'properties of BEGIN', run: (db) => statementProperties(db, 'BEGIN') },
  { title: 'properties of pragmas', run: (db) => statementProperties(db, 'PRAGMA synchronous') },
  {
    title: 'properties of the database',
    run: (db) => ({ open: db.open, memory: db.memory, readonly: db.readonly, name: db.name }),
  },
  { title: 'a quoted placeholder', run: (db) => db.prepare('SELECT \'?\' AS a, "id" FROM t WHERE a = ?').get(1) },

  // Writing
  { title: 'run', run: (db) => db.prepare('INSERT INTO t (a) VALUES (?)').run(7) },
  { title: 'run of an update', run: (db) => db.prepare('UPDATE t SET b = 1').run() },
  { title: 'run of a query', run: (db) => db.prepare('SELECT 1').run() },
  { title: 'returning', run: (db) => db.prepare('INSERT INTO t (a) VALUES (8) RETURNING id, a').get() },
  { title: 'a unique violation', run: (db) => db.prepare('INSERT INTO t (a) VALUES (1)').run() },
  { title: 'a foreign key violation', run: (db) => db.prepare('INSERT INTO other VALUES (1, 99)').run() },
  {
    title: 'exec',
    run: (db) => [db.exec("INSERT INTO t (a) VALUES (7); -- ;\nUPDATE t SET b = ';'") === db, rows(db)],
  },
  {
    title: 'exec that fails half-way',
    run: (db) => [attempt(() => db.exec('DELETE FROM other; DELETE FROM t WHERE id = 1; X')), rows(db)],
  },
  { title: 'exec of a trigger', run: (db) => trigger(db) },

  // Transactions
  { title: 'a transaction', run: (db) => [transfer(db)(5), db.inTransaction, rows(db)] },
  { title: 'a transaction that fails', run: (db) => [attempt(() => transfer(db)(1)), db.inTransaction, rows(db)] },
  { title: 'transactions within each other', run: (db) => [nested(db), rows(db)] },
  { title: 'immediate and exclusive', run: (db) => [transfer(db).immediate(5), transfer(db).exclusive(6), rows(db)] },
  { title: 'a transaction by hand', run: (db) => [db.exec('BEGIN; DELETE FROM t; ROLLBACK').inTransaction, rows(db)] },
  {
    title: 'savepoints',
    run: (db) => [db.exec('SAVEPOINT a; DELETE FROM t; ROLLBACK TO a; RELEASE a').inTransaction, rows(db)],
  },
  { title: 'BEGIN twice', run: (db) => db.exec('BEGIN; BEGIN') },
  { title: 'COMMIT without BEGIN', run: (db) => db.exec('COMMIT') },
  { title: 'ROLLBACK without BEGIN', run: (db) => db.exec('ROLLBACK') },
  { title: 'RELEASE of nothing', run: (db) => db.exec('BEGIN; RELEASE nowhere') },
  { title: 'the result of BEGIN', run: (db) => [db.prepare('BEGIN').run(), db.prepare('COMMIT').run()] },
  { title: 'an open transaction', run: (db) => db.exec('BEGIN').inTransaction },

  // The rest
  {
    title: 'a function',
    run: (db) =>
      db
        .function('add', (a: number, b: number) => a + b)
        .prepare('SELECT add(1, 2) AS sum')
        .get(),
  },
  {
    title: 'a function with options',
    run: (db) =>
      db
        .function('many', { varargs: true }, (...all) => all.length)
        .prepare('SELECT many(1, 2, 3)')
        .pluck()
        .get(),
  },
  { title: 'an aggregate', run: (db) => aggregate(db) },
  { title: 'a virtual table', run: (db) => table(db) },
  {
    title: 'an error inside a function',
    run: (db) =>
      db
        .function('fail', () => {
          throw new TypeError('no');
        })
        .prepare('SELECT fail()')
        .get(),
  },
  { title: 'pragma', run: (db) => [db.pragma('table_info(other)'), db.pragma('user_version', { simple: true })] },
  {
    title: 'pragma that sets',
    run: (db) => [
      db.pragma('user_version = 3'),
      db.pragma('user_version'),
      db.pragma('synchronous = 1'),
      db.pragma('synchronous'),
    ],
  },
  { title: 'journal_mode', run: (db) => [db.pragma('journal_mode = WAL'), db.prepare('PRAGMA journal_mode').all()] },
  {
    title: 'serialize',
    run: (db, Driver) => new Driver(db.serialize()).prepare('SELECT count(*) FROM t').pluck().get(),
  },
  { title: 'verbose', run: (db, Driver) => verbose(Driver) },
  { title: 'a class of its own', run: (_, Driver) => subclass(Driver) },
];

describe('better-sqlite3: the drop-in and the driver', () => {
  const Real = real<Driver>('better-sqlite3');
  let sandbox: Sandbox;

  beforeEach(async () => {
    const options = {
      file: ':memory:',
      swap: [],
      foreignKeys: true,
      allowAnyDatabase: false,
      stallTimeout: 50,
      holdTimeout: 500,
    };
    const engine = await sqlite.load({ ...options, root: process.cwd() });
    sandbox = await engine.open(blockedHost);
    sandbox.session.script(SCHEMA);
    sandbox.begin({ kind: 'test', title: 'contract' });
  });

  afterEach(() => sandbox.close());

  for (const { title, run } of CASES) {
    it(`come to the same: ${title}`, () => {
      const original = new Real(':memory:');
      original.pragma('foreign_keys = 1');
      original.exec(SCHEMA);

      const expected = attempt(() => run(original, Real));
      const actual = attempt(() => run(new DropIn(':memory:') as unknown as Db, DropIn as unknown as Driver));
      expect(actual).to.deep.equal(expected);
    });
  }

  it('is callable without new', () => {
    expect(DropIn(':memory:').open).to.equal(true);
  });

  it('has errors of the same class', () => {
    expect(() => new DropIn(':memory:').exec('X')).to.throw(DropIn.SqliteError);
    expect(() => new DropIn(':memory:').exec('X')).to.throw((Real as unknown as typeof DropIn).SqliteError);
    expect(new DropIn.SqliteError('m', 'SQLITE_X')).to.include({ message: 'm', code: 'SQLITE_X' });
  });
});

function attempt(action: () => unknown): unknown {
  try {
    const result = action();
    return isDatabasePart(result) ? 'itself' : { result };
  } catch (error) {
    return { error: describeError(error) };
  }
}

function isDatabasePart(value: unknown): boolean {
  return typeof value === 'object' && value !== null && ('prepare' in value || 'source' in value);
}

function rows(db: Db): unknown[] {
  return db.prepare('SELECT * FROM t ORDER BY id').all();
}

function closed(db: Db): BetterSqlite3.Statement {
  const statement = db.prepare('SELECT 1');
  db.close();
  return statement;
}

function modes(db: Db): unknown[] {
  const statement = db.prepare('SELECT t.id, t.a, 1 AS one FROM t');
  return [statement.pluck().all(), statement.raw().all(), statement.expand().get(), statement.expand(false).get()];
}

function statementProperties(db: Db, sql: string): unknown {
  const { reader, readonly, source, database } = db.prepare(sql);
  return { reader, readonly, source, database: database === db };
}

function trigger(db: Db): unknown[] {
  db.exec(
    "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET b = 'seen' WHERE id = NEW.id; DELETE FROM other; END; INSERT INTO t (a) VALUES (7)",
  );
  return rows(db);
}

function transfer(db: Db): BetterSqlite3.Transaction<(value: number) => string> {
  return db.transaction((value: number) => {
    db.prepare('DELETE FROM t WHERE id = 3').run();
    db.prepare('INSERT INTO t (a) VALUES (?)').run(value);
    return `done ${String(db.inTransaction)}`;
  });
}

function nested(db: Db): unknown {
  const inner = db.transaction((value: number) => db.prepare('INSERT INTO t (a) VALUES (?)').run(value));

  return db.transaction(() => {
    inner(7);
    return [attempt(() => inner(7)), inner(8)];
  })();
}

function aggregate(db: Db): unknown {
  db.aggregate('total_of', { start: 0, step: (total: number, next: number) => total + next });
  return db.prepare('SELECT total_of(id) FROM t').pluck().get();
}

function table(db: Db): unknown {
  db.table('numbers', {
    columns: ['n'],
    *rows() {
      yield [1];
      yield { n: 2 };
    },
  });
  return db.prepare('SELECT * FROM numbers').all();
}

function verbose(Driver: Driver): unknown {
  const seen: unknown[] = [];
  const db = new Driver(':memory:', { verbose: (sql: unknown) => seen.push(sql) });

  db.exec('CREATE TABLE v (x)');
  db.prepare('INSERT INTO v VALUES (?)').run("it's");
  db.prepare('SELECT * FROM v WHERE x = :x OR x = ?').all({ x: 1 }, Buffer.from('a'));
  db.prepare('SELECT ?, ?').get([null, 2.5]);
  return seen;
}

function subclass(Driver: Driver): unknown {
  class Mine extends (Driver as new (file: string) => Db) {
    count(): unknown {
      return this.prepare('SELECT count(*) FROM sqlite_schema WHERE 0').pluck().get();
    }
  }
  const mine = new Mine(':memory:');
  return [mine instanceof Mine, mine.count()];
}
