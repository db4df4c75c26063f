import { expect } from 'chai';
import type Sqlite3 from 'sqlite3';
import { blockedHost, type Sandbox } from '#src/engine/index.js';
import { sqlite } from '#src/engine/sqlite/index.js';
import dropIn from '#src/engine/sqlite/drivers/sqlite3.js';
import { describeError, real } from './support.js';

type Driver = typeof Sqlite3;
type Method = 'run' | 'get' | 'all' | 'exec' | 'each' | 'prepare' | 'close' | 'wait' | 'map';

/** What one connection answers, call by call, in the order of the answers. */
interface Scribe {
  readonly driver: Driver;
  readonly db: Sqlite3.Database;
  readonly notes: unknown[];
  /** Calls a method of the connection or a statement with a callback that takes notes. */
  readonly call: (target: object, method: string, ...parameters: unknown[]) => Promise<void>;
  /** The same on the connection. */
  readonly ask: (method: Method, ...parameters: unknown[]) => Promise<void>;
}

interface Case {
  readonly title: string;
  readonly run: (scribe: Scribe) => unknown;
}

const SCHEMA = `
  CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b);
  CREATE TABLE other (a, t REFERENCES t);
  INSERT INTO t (a, b) VALUES (1, x'00ff'), ('two', NULL), (3.5, 'text');
`;
const ALL = 'SELECT * FROM t ORDER BY id';
const TYPES = 'SELECT typeof(?1) AS type, ?1 AS value';

/** Each is run by the drop-in and by node-sqlite3 itself; both must take the same notes. */
const CASES: readonly Case[] = [
  // Misuse
  { title: 'a file that is no string', run: ({ driver }) => new driver.Database(5 as never) },
  { title: 'a class called as a function', run: ({ driver }) => (driver.Database as unknown as () => void)() },
  { title: 'exec of no string', run: ({ db }) => db.exec(5 as never) },
  { title: 'exec without a function', run: ({ db }) => db.exec('SELECT 1', 5 as never) },
  { title: 'an unknown option', run: ({ db }) => db.configure('nothing' as never, 1) },
  { title: 'a busyTimeout that is no number', run: ({ db }) => db.configure('busyTimeout', 'x' as never) },
  { title: 'a syntax error', run: ({ ask }) => ask('run', 'SELEC 1') },
  { title: 'a syntax error in exec', run: ({ ask }) => ask('exec', 'SELEC 1') },
  { title: 'a missing table', run: ({ ask }) => ask('all', 'SELECT * FROM nowhere') },
  { title: 'no statement', run: ({ ask }) => ask('run', '') },
  { title: 'only a comment', run: ({ ask }) => ask('all', '-- nothing') },
  { title: 'exec of nothing', run: ({ ask }) => ask('exec', '') },
  { title: 'too many values', run: ({ ask }) => ask('get', 'SELECT ?', [1, 2]) },
  { title: 'a name without its sign', run: ({ ask }) => ask('get', 'SELECT :a', { a: 1 }) },
  { title: 'an unknown name', run: ({ ask }) => ask('get', 'SELECT :a', { ':b': 1 }) },
  {
    title: 'use after close',
    run: async ({ ask }) => {
      await ask('close');
      await ask('get', 'SELECT 1');
    },
  },
  {
    title: 'use after finalize',
    run: async (scribe) => {
      const statement = scribe.db.prepare('SELECT 1');
      await scribe.call(statement, 'get');
      statement.finalize();
      await scribe.call(statement, 'get');
    },
  },

  // Values
  ...[
    1,
    -1,
    0,
    1.5,
    3e9,
    true,
    false,
    null,
    undefined,
    'x',
    '',
    Buffer.from('ab'),
    new Date(5),
    /x/,
    10n,
    Number.NaN,
  ].map((value): Case => ({
    title: `the value ${String(value)} (${typeof value})`,
    run: ({ ask }) => ask('get', TYPES, [value]),
  })),
  { title: 'an object as a value', run: ({ ask }) => ask('get', TYPES, [{ a: 1 }]) },
  { title: 'values one by one', run: ({ ask }) => ask('get', 'SELECT ? AS a, ? AS b', 1, 'x') },
  { title: 'too few values', run: ({ ask }) => ask('get', 'SELECT ? AS a, ? AS b', [1]) },
  {
    title: 'names',
    run: ({ ask }) => ask('get', 'SELECT :a AS a, @b AS b, $c AS c', { ':a': 1, '@b': null, $c: 'x' }),
  },
  { title: 'places in an object', run: ({ ask }) => ask('get', 'SELECT ?1 AS a, ?2 AS b', { 1: 'one', 2: 'two' }) },
  { title: 'numbered places', run: ({ ask }) => ask('get', 'SELECT ?2 AS a, ?1 AS b', ['one', 'two']) },
  { title: 'a quoted placeholder', run: ({ ask }) => ask('get', "SELECT '?' AS a, ? AS b", [1]) },
  {
    title: 'the types of columns',
    run: ({ ask }) => ask('get', "SELECT 1 AS i, 1.5 AS f, 'x' AS t, x'00' AS b, NULL AS n"),
  },
  { title: 'a big integer', run: ({ ask }) => ask('get', 'SELECT 9007199254740993 AS big') },
  { title: 'columns of the same name', run: ({ ask }) => ask('get', 'SELECT 1 AS a, 2 AS a') },

  // Reading
  { title: 'all', run: ({ ask }) => ask('all', ALL) },
  { title: 'all of nothing', run: ({ ask }) => ask('all', 'SELECT * FROM t WHERE 0') },
  { title: 'get', run: ({ ask }) => ask('get', ALL) },
  { title: 'get of nothing', run: ({ ask }) => ask('get', 'SELECT * FROM t WHERE 0') },
  { title: 'map of two columns', run: ({ ask }) => ask('map', 'SELECT id, a FROM t') },
  { title: 'map of more', run: ({ ask }) => ask('map', ALL) },
  { title: 'each', run: (scribe) => each(scribe, 'SELECT id FROM t') },
  { title: 'each of nothing', run: (scribe) => each(scribe, 'SELECT id FROM t WHERE 0') },
  { title: 'all of a write', run: ({ ask }) => ask('all', 'DELETE FROM t WHERE id = 1') },
  {
    title: 'only the first statement',
    run: async ({ ask }) => {
      await ask('run', 'SELECT 1; DELETE FROM t');
      await ask('all', ALL);
    },
  },

  // Writing
  { title: 'run', run: ({ ask }) => ask('run', 'INSERT INTO t (a) VALUES (?), (?)', [7, 8]) },
  {
    title: 'run of an update after an insert',
    run: async ({ ask }) => {
      await ask('run', 'INSERT INTO t (a) VALUES (7)');
      await ask('run', 'UPDATE t SET b = 1');
      await ask('run', 'UPDATE t SET b = 1 WHERE 0');
      await ask('run', 'DELETE FROM t');
      await ask('run', 'BEGIN');
      await ask('run', 'COMMIT');
    },
  },
  { title: 'returning', run: ({ ask }) => ask('all', 'INSERT INTO t (a) VALUES (7), (8) RETURNING id, a') },
  { title: 'a unique violation', run: ({ ask }) => ask('run', 'INSERT INTO t (a) VALUES (1)') },
  { title: 'a foreign key violation', run: ({ ask }) => ask('run', 'INSERT INTO other VALUES (1, 99)') },
  {
    title: 'exec',
    run: async ({ ask }) => {
      await ask('exec', "INSERT INTO t (a) VALUES (7); -- ;\nUPDATE t SET b = ';'");
      await ask('all', ALL);
    },
  },
  {
    title: 'exec that fails half-way',
    run: async ({ ask }) => {
      await ask('exec', 'DELETE FROM t WHERE id = 1; INSERT INTO t (a) VALUES (3.5); DELETE FROM t');
      await ask('all', ALL);
    },
  },
  {
    title: 'schema',
    run: async ({ ask }) => {
      await ask('run', 'CREATE TABLE more (x)');
      await ask('run', 'INSERT INTO more VALUES (1)');
      await ask('all', 'SELECT * FROM more');
    },
  },

  // Transactions
  { title: 'COMMIT without BEGIN', run: ({ ask }) => ask('run', 'COMMIT') },
  {
    title: 'BEGIN twice',
    run: async ({ ask }) => {
      await ask('run', 'BEGIN');
      await ask('run', 'BEGIN');
    },
  },
  { title: 'RELEASE of nothing', run: ({ ask }) => ask('run', 'RELEASE nowhere') },
  {
    title: 'rollback',
    run: async ({ ask }) => {
      await ask('run', 'BEGIN');
      await ask('run', 'DELETE FROM t');
      await ask('run', 'ROLLBACK');
      await ask('all', ALL);
    },
  },
  {
    title: 'savepoints',
    run: async ({ ask }) => {
      await ask('exec', 'BEGIN; SAVEPOINT a; DELETE FROM t; ROLLBACK TO a; COMMIT');
      await ask('all', ALL);
    },
  },

  // Statements
  {
    title: 'a statement, row by row',
    run: async ({ db, call }) => {
      const statement = db.prepare('SELECT id FROM t');
      for (const method of ['get', 'get', 'get', 'get', 'get', 'reset', 'get', 'all', 'get'])
        await call(statement, method);
      await call(statement, 'finalize');
    },
  },
  {
    title: 'a statement with values',
    run: async ({ db, call }) => {
      const statement = db.prepare('SELECT ? AS a', 1);
      await call(statement, 'all');
      await call(statement, 'get', 2);
      await call(statement, 'bind', 3);
      await call(statement, 'all');
      await call(statement, 'finalize');
    },
  },
  {
    title: 'a statement that writes',
    run: async ({ db, call }) => {
      const statement = db.prepare('INSERT INTO t (a) VALUES (?)');
      for (const value of [7, 8, 7]) await call(statement, 'run', value);
      await call(statement, 'finalize');
    },
  },
  { title: 'prepare that fails', run: ({ ask }) => ask('prepare', 'SELEC') },
  {
    title: 'the text of a statement',
    run: async ({ db, notes, ask }) => {
      notes.push((db.prepare('SELECT 1') as unknown as { sql: string }).sql);
      await ask('wait');
    },
  },

  // Order and events
  {
    title: 'calls without waiting',
    run: async ({ db, ask, notes }) => {
      db.serialize(() => {
        db.run('INSERT INTO t (a) VALUES (7)', () => notes.push('first'));
        db.run('INSERT INTO t (a) VALUES (8)', () => notes.push('second'));
      });
      notes.push('third, for nothing is answered at once');
      await ask('wait');
    },
  },
  {
    title: 'calls return the connection',
    run: async ({ db, notes, ask }) => {
      notes.push(db.run('SELECT 1') === db, db.exec('SELECT 1') === db, (db.serialize() as unknown) === db);
      await ask('wait');
    },
  },
  {
    title: 'errors without a callback',
    run: async ({ db, notes, ask }) => {
      db.on('error', (error) => notes.push(describeError(error)));
      db.exec('SELEC');
      await ask('wait');
    },
  },
  { title: 'opening', run: ({ driver, notes }) => opening(driver, notes) },
  {
    title: 'closing',
    run: async ({ db, ask, notes }) => {
      db.on('close', () => notes.push('close'));
      await ask('close');
      await new Promise((resolve) => setTimeout(resolve, 5));
      notes.push((db as unknown as { open: boolean }).open);
    },
  },
  {
    title: 'the trace',
    run: async ({ db, ask, notes }) => {
      const traced: string[] = [];
      db.on('trace', (sql: string) => traced.push(sql));
      await ask('run', 'INSERT INTO t (a, b) VALUES (?, :b)', { 1: "it's", ':b': Buffer.from('a') });
      // The driver's own comes by way of another thread.
      while (traced.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      notes.push(traced);
    },
  },
  {
    title: 'cached connections',
    run: ({ driver, notes }) => {
      const { cached } = driver as unknown as { cached: { Database: new (file: string) => unknown } };
      const open = (file: string): unknown => new cached.Database(file);
      notes.push(open(':memory:') === open(':memory:'));
    },
  },
  {
    title: 'a class of its own',
    run: ({ driver, notes }) => {
      class Mine extends driver.Database {}
      const mine = new Mine(':memory:');
      notes.push(mine instanceof Mine, mine instanceof driver.Database, mine.constructor === Mine);
    },
  },
  {
    title: 'strings in double quotes',
    run: async ({ ask, call, db }) => {
      await ask('all', 'SELECT * FROM t WHERE b = "text" OR a IN ("two", "b")');
      await ask('run', 'INSERT INTO t (a, b) VALUES ("it\'s", "say ""hi"" ?")');
      await ask('run', 'UPDATE t SET b = "a" WHERE a = "it\'s" AND b <> ?', 'x');
      await ask(
        'get',
        `SELECT "nope", upper("nope") || "more", "id", "x" AS "y", 'z', "b" FROM t AS "u" ORDER BY "zz", 3`,
      );
      await ask('map', 'SELECT "key", id FROM t');
      await ask(
        'exec',
        'CREATE TABLE v (a DEFAULT "x" CHECK (a <> "y")); INSERT INTO v VALUES ("z"); DELETE FROM t WHERE a = "two"',
      );
      await ask('run', 'INSERT INTO v VALUES ("ok")');
      await ask('all', 'SELECT t."nope" FROM t');
      await ask('all', 'SELECT "nope" FROM t WHERE nope = 1');
      await ask('run', 'INSERT INTO t ("nope") VALUES (1)');
      const statement = db.prepare('SELECT count(*) AS n FROM t WHERE b = "text" AND id > ?');
      await call(statement, 'get', 1);
      await call(statement, 'all', 9);
      await ask('all', ALL);
      await ask('all', 'SELECT * FROM v');
    },
  },
  {
    title: 'pragmas',
    run: async ({ ask }) => {
      await ask('all', 'PRAGMA table_info(t)');
      await ask('run', 'PRAGMA foreign_keys = ON');
      await ask('get', 'PRAGMA foreign_keys');
      await ask('exec', 'PRAGMA synchronous = OFF');
      await ask('get', 'PRAGMA synchronous');
      await ask('get', 'PRAGMA journal_mode = WAL');
    },
  },
];

describe('sqlite3: the drop-in and the driver', () => {
  const Real = real<Driver>('sqlite3');
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
    it(`take the same notes: ${title}`, async () => {
      const original = new Real.Database(':memory:');
      await new Promise<void>((resolve) => original.exec(`PRAGMA foreign_keys = 1; ${SCHEMA}`, () => resolve()));
      const expected = await takeNotes(Real, original, run);

      const driver = dropIn as unknown as Driver;
      expect(await takeNotes(driver, new driver.Database(':memory:'), run)).to.deep.equal(expected);
    });
  }

  it('have the same constants', () => {
    const numbers = (driver: object): Record<string, unknown> =>
      Object.fromEntries(Object.entries(driver).filter(([, value]) => typeof value === 'number'));
    const expected = numbers(Real);
    // That of the SQLite beneath, which is another one.
    delete expected['VERSION_NUMBER'];
    expect(numbers(dropIn)).to.deep.equal(expected);
  });
});

async function takeNotes(driver: Driver, db: Sqlite3.Database, run: Case['run']): Promise<unknown[]> {
  const notes: unknown[] = [];
  const call: Scribe['call'] = (target, method, ...parameters) =>
    new Promise((resolve) => {
      const answer = function (this: unknown, error: Error | null, ...rest: unknown[]): void {
        const { lastID, changes } = (method === 'run' ? (this ?? {}) : {}) as { lastID?: number; changes?: number };
        notes.push(error instanceof Error ? describeError(error) : [method, ...rest, lastID, changes]);
        resolve();
      };
      (target as Record<string, (...all: unknown[]) => unknown>)[method]?.(...parameters, answer);
    });

  // What the connection did last shows in `lastID` and `changes` of what follows.
  await call(db, 'run', 'INSERT INTO other VALUES (NULL, NULL)');
  try {
    await run({ driver, db, notes, call, ask: (method, ...parameters) => call(db, method, ...parameters) });
  } catch (error) {
    notes.push(describeError(error));
  }
  return notes;
}

function each({ db, notes }: Scribe, sql: string): Promise<void> {
  return new Promise((resolve) => {
    db.each(
      sql,
      (error: Error | null, row: unknown) => notes.push(error ?? row),
      (error: Error | null, count: number) => {
        notes.push(error, count);
        resolve();
      },
    );
  });
}

async function opening(driver: Driver, notes: unknown[]): Promise<void> {
  await new Promise<void>((resolve) => {
    const db = new driver.Database(':memory:', driver.OPEN_READWRITE, (error) => notes.push('callback', error));
    db.on('open', () => {
      notes.push('open');
      resolve();
    });
    const { filename, mode, open } = db as unknown as Record<string, unknown>;
    notes.push(
      filename,
      mode,
      open,
      Object.keys(db).filter((key) => !key.startsWith('_')),
    );
  });
}
