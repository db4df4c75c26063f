import { expect } from 'chai';
import type { Sandbox } from '#src/engine/index.js';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import sqlite3 from '#src/engine/sqlite/drivers/sqlite3.js';
import { requireReal } from '#src/engine/swap/index.js';
import { begin, column, connect, errorOf, open } from './support.js';

const SCHEMA = `
  CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
  CREATE TABLE cascading (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id) ON DELETE CASCADE);
  CREATE TABLE strict (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL CONSTRAINT fk REFERENCES parent ON UPDATE CASCADE);
  CREATE TABLE nulled (id INTEGER PRIMARY KEY, parent INTEGER, FOREIGN KEY (parent) REFERENCES parent ON DELETE SET NULL);
  CREATE TABLE late (id INTEGER PRIMARY KEY, parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED, self REFERENCES late);
  INSERT INTO parent VALUES (1, 'one'), (2, 'two');
  INSERT INTO cascading VALUES (10, 1), (11, 2);
  INSERT INTO strict VALUES (20, 1);
  INSERT INTO nulled VALUES (30, 1), (31, NULL);
  INSERT INTO late VALUES (40, 2, NULL), (41, 2, 40);
`;
/** By `:memory:` an app that opens it again in a later scope would mean another one. */
const FILE = './foreign-keys.test.sqlite3';
const OFF = 'PRAGMA foreign_keys = OFF';
const ON = 'PRAGMA foreign_keys = ON';
const KEYS = 'PRAGMA foreign_keys';

/** What an app sends over one connection; each statement's answer is compared, and all tables at the end. */
const SCRIPTS: Readonly<Record<string, readonly string[]>> = {
  'the default': [KEYS, 'INSERT INTO strict VALUES (21, 9)', 'DELETE FROM parent WHERE id = 2', KEYS],
  'a value of each form': [
    ...['0', 'yes', 'false', '"on"', "'off'", 'TRUE', 'no', '2', 'nonsense'].flatMap((value) => [
      `PRAGMA foreign_keys = ${value}`,
      KEYS,
    ]),
    ...[OFF, 'PRAGMA main.foreign_keys(1)', KEYS],
  ],
  'data written while off': [
    ...[OFF, KEYS, 'INSERT INTO strict VALUES (21, 9)', 'UPDATE parent SET id = 5 WHERE id = 1'],
    ...["REPLACE INTO parent VALUES (6, 'two')", 'DELETE FROM parent WHERE id = 5', 'SELECT * FROM strict'],
    ...[ON, KEYS, 'INSERT INTO strict VALUES (22, 9)', 'PRAGMA foreign_key_check'],
  ],
  'data written while on': [
    ...[ON, 'INSERT INTO strict VALUES (21, 9)', 'DELETE FROM parent WHERE id = 1', 'DELETE FROM strict'],
    ...['UPDATE parent SET id = 5 WHERE id = 1', 'DELETE FROM parent WHERE id = 1', 'DELETE FROM late'],
    'DELETE FROM parent',
  ],
  'errors while off': [
    ...[OFF, 'INSERT INTO strict VALUES (20, 1)', 'INSERT INTO strict VALUES (21, NULL)'],
    ...[
      "INSERT INTO parent VALUES (3, 'one')",
      'INSERT INTO nowhere VALUES (1)',
      'INSERT OR IGNORE INTO strict VALUES (20, 7)',
    ],
  ],
  'the pragma inside a transaction': [
    ...[ON, 'BEGIN', OFF, KEYS, 'INSERT INTO strict VALUES (21, 9)', 'DELETE FROM parent WHERE id = 2', 'COMMIT', KEYS],
    ...[OFF, 'BEGIN', ON, KEYS, 'INSERT INTO strict VALUES (22, 9)', 'COMMIT', KEYS],
    ...['SAVEPOINT a', ON, KEYS, 'RELEASE a', KEYS],
  ],
  'a transaction while off': [
    ...[OFF, 'BEGIN', 'INSERT INTO strict VALUES (21, 9)', 'DELETE FROM parent WHERE id = 1', 'COMMIT', ON],
    ...['INSERT INTO strict VALUES (22, 9)', 'SELECT sql FROM sqlite_master ORDER BY name'],
  ],
  'a rollback while off': [
    ...[OFF, 'BEGIN', 'INSERT INTO strict VALUES (21, 9)', 'ROLLBACK', 'SELECT sql FROM sqlite_schema ORDER BY name'],
    ...['BEGIN', 'DELETE FROM parent', 'SAVEPOINT a', 'DROP TABLE parent', 'ROLLBACK TO a', 'SELECT * FROM parent'],
    ...[
      'DELETE FROM cascading',
      'ROLLBACK',
      ON,
      'INSERT INTO strict VALUES (22, 9)',
      'DELETE FROM parent WHERE id = 1',
    ],
  ],
  'deferred keys while off': [
    ...[OFF, 'BEGIN', 'INSERT INTO late VALUES (42, 9, 9)', 'COMMIT', 'INSERT INTO late VALUES (43, 9, 9)'],
    ...[
      ON,
      'INSERT INTO late VALUES (44, 9, NULL)',
      'INSERT INTO late VALUES (45, 2, 44)',
      'INSERT INTO late VALUES (46, 2, 40)',
    ],
    ...['BEGIN', 'INSERT INTO late VALUES (47, 3, NULL)', 'COMMIT', "INSERT INTO parent VALUES (3, 'three')", 'COMMIT'],
  ],
  'a parent dropped while off': [
    ...[OFF, 'DROP TABLE parent', 'INSERT INTO strict VALUES (21, 9)', 'DELETE FROM cascading WHERE id = 10'],
    ...['CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT)', "INSERT INTO parent VALUES (1, 'a')", ON],
    ...['DELETE FROM strict', 'DELETE FROM parent', 'PRAGMA foreign_key_list(strict)', 'SELECT * FROM nulled'],
  ],
  'a parent dropped while on': [
    ...[
      ON,
      'DROP TABLE parent',
      'SELECT * FROM cascading',
      'DELETE FROM strict',
      'DELETE FROM late',
      'DROP TABLE parent',
    ],
    ...['INSERT INTO cascading VALUES (12, 1)', OFF, 'INSERT INTO cascading VALUES (12, 1)'],
  ],
  'a child dropped while off': [
    OFF,
    'DROP TABLE strict',
    'DROP TABLE late',
    ON,
    'DELETE FROM parent',
    'DROP TABLE parent',
  ],
  'keys that do not fit': [
    ...['CREATE TABLE odd (p REFERENCES parent (nothing))', 'CREATE TABLE lost (p REFERENCES missing)', OFF],
    ...['INSERT INTO odd VALUES (1)', 'INSERT INTO lost VALUES (1)', 'DELETE FROM parent WHERE id = 2'],
    ...[ON, 'INSERT INTO odd VALUES (2)', 'INSERT INTO lost VALUES (2)', 'DELETE FROM parent WHERE id = 1'],
  ],
  'a table made anew while off, as migrations do': [
    ...[OFF, 'BEGIN', 'CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT, more TEXT)'],
    ...['INSERT INTO new_parent (id, name) SELECT id, name FROM parent', 'DROP TABLE parent'],
    ...['ALTER TABLE new_parent RENAME TO parent', 'PRAGMA foreign_key_check', 'COMMIT', ON],
    ...['SELECT sql FROM sqlite_master ORDER BY name', 'INSERT INTO strict VALUES (21, 9)', 'DELETE FROM strict'],
    'DELETE FROM parent WHERE id = 1',
  ],
  'a table made anew while on': [
    ...[ON, 'BEGIN', 'CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT)'],
    ...['INSERT INTO new_parent SELECT * FROM parent', 'DROP TABLE parent', 'ALTER TABLE new_parent RENAME TO parent'],
    ...['COMMIT', 'SELECT * FROM cascading', 'ROLLBACK'],
  ],
  'the old way of renaming': [
    ...[
      OFF,
      'PRAGMA legacy_alter_table = ON',
      'ALTER TABLE parent RENAME TO "for""mer"',
      'ALTER TABLE late RENAME TO later',
    ],
    ...['SELECT name, sql FROM sqlite_master ORDER BY name', 'INSERT INTO later VALUES (42, 9, 9)'],
    ...[
      'ALTER TABLE "for""mer" RENAME TO parent',
      'PRAGMA legacy_alter_table = OFF',
      'ALTER TABLE later RENAME TO late',
    ],
    ...[ON, 'SELECT name, sql FROM sqlite_master ORDER BY name', 'INSERT INTO strict VALUES (21, 9)'],
  ],
  'the old way of renaming while on': [
    ...[ON, 'PRAGMA legacy_alter_table = ON', 'ALTER TABLE parent RENAME TO former', 'PRAGMA legacy_alter_table = OFF'],
    'SELECT name, sql FROM sqlite_master ORDER BY name',
  ],
  'other changes of the schema while off': [
    ...[OFF, 'DELETE FROM parent WHERE id = 2', 'ALTER TABLE strict RENAME COLUMN parent TO owner'],
    ...['ALTER TABLE parent RENAME COLUMN id TO number', 'CREATE INDEX i ON strict (owner)', 'DROP INDEX i'],
    ...[
      'ALTER TABLE nulled ADD COLUMN other REFERENCES parent ON DELETE CASCADE',
      'ALTER TABLE cascading DROP COLUMN id',
    ],
    ...[
      'INSERT INTO strict VALUES (21, 9)',
      'SELECT sql FROM sqlite_master ORDER BY name',
      ON,
      'DELETE FROM parent WHERE number = 1',
    ],
  ],
  'triggers and views while off': [
    ...['CREATE TABLE log (text)', "CREATE VIEW tables AS SELECT name, sql FROM sqlite_schema WHERE type = 'table'"],
    'CREATE TRIGGER gone AFTER DELETE ON parent BEGIN INSERT INTO log VALUES (old.name); DELETE FROM strict WHERE parent = old.id; END',
    ...[
      OFF,
      'DELETE FROM parent WHERE id = 1',
      'SELECT * FROM tables ORDER BY name',
      "INSERT INTO log VALUES ('sqlite_schema')",
    ],
    ...["INSERT INTO strict VALUES (22, length('sqlite_schema'))", 'INSERT INTO log SELECT sql FROM sqlite_schema'],
    "SELECT * FROM pragma_foreign_key_list('strict')",
  ],
  'temporary tables and attached databases': [
    ...[
      "ATTACH ':memory:' AS other",
      'CREATE TABLE other.p (id INTEGER PRIMARY KEY)',
      'CREATE TABLE other.c (p REFERENCES p)',
    ],
    ...[
      'CREATE TEMP TABLE tp (id INTEGER PRIMARY KEY)',
      'CREATE TEMP TABLE tc (p REFERENCES tp ON DELETE CASCADE)',
      OFF,
    ],
    ...[
      'INSERT INTO tp VALUES (1)',
      'INSERT INTO tc VALUES (1)',
      'INSERT INTO other.c VALUES (9)',
      'DELETE FROM tp',
      ON,
    ],
    ...['SELECT * FROM tc', 'SELECT * FROM other.c', 'INSERT INTO tc VALUES (9)', 'INSERT INTO other.c VALUES (8)'],
    ...[
      'SELECT sql FROM temp.sqlite_schema',
      'SELECT sql FROM other.sqlite_schema',
      OFF,
      'DROP TABLE temp.tp',
      'DROP TABLE other.p',
    ],
  ],
  'full text and other virtual tables while off': [
    ...[
      'CREATE VIRTUAL TABLE texts USING fts5(text)',
      'BEGIN',
      "INSERT INTO texts VALUES ('references one')",
      'COMMIT',
      OFF,
    ],
    ...['BEGIN', "INSERT INTO texts VALUES ('references two')", 'INSERT INTO strict VALUES (21, 9)'],
    ...[
      "INSERT INTO texts VALUES ('references three')",
      "SELECT text FROM texts WHERE texts MATCH 'references' ORDER BY 1",
      'COMMIT',
    ],
    ...[ON, "SELECT text FROM texts WHERE texts MATCH 'three'", 'DROP TABLE texts'],
  ],
  'tables of every kind while off': [
    "CREATE TABLE kinds (a INTEGER REFERENCES parent, b TEXT DEFAULT 'references' REFERENCES parent (name), c INT GENERATED ALWAYS AS (a + 1) REFERENCES parent, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID",
    'CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, parent REFERENCES parent CHECK (parent > 0))',
    ...[
      OFF,
      "INSERT INTO kinds VALUES (7, 'x')",
      'INSERT INTO counted (parent) VALUES (7)',
      'INSERT INTO counted (parent) VALUES (0)',
    ],
    ...[
      "INSERT INTO kinds VALUES (7, 'x')",
      'DELETE FROM counted',
      'INSERT INTO counted (parent) VALUES (8)',
      'SELECT * FROM kinds',
    ],
  ],
};

/** One connection of either the drop-in or the driver. */
interface Conversation {
  say(sql: string): Promise<unknown>;
  close(): void;
}

type BetterSqlite3 = typeof Database;
type Sqlite3 = typeof sqlite3;

const DRIVERS = {
  'better-sqlite3': {
    real: () => talkSync(requireReal('better-sqlite3', process.cwd()) as BetterSqlite3),
    dropIn: () => talkSync(Database, FILE),
  },
  sqlite3: {
    real: () => talk(requireReal('sqlite3', process.cwd()) as Sqlite3),
    dropIn: () => talk(sqlite3, FILE),
  },
} as const;

function talkSync(Driver: BetterSqlite3, file = ':memory:'): Conversation {
  const database = new Driver(file);

  return {
    close: () => database.close(),
    say: (sql) =>
      answerOf(() => {
        // A script brings in the schema.
        if (sql === SCHEMA) return database.exec(sql) && [];
        const statement = database.prepare(sql);
        if (statement.reader) return statement.all();
        const { changes } = statement.run();
        return /^(?:INSERT|UPDATE|DELETE|REPLACE)/.test(sql) ? changes : [];
      }),
  };
}

function talk(driver: Sqlite3, file = ':memory:'): Conversation {
  const database = new driver.Database(file);

  return {
    close: () => database.close(),
    say: (sql) =>
      answerOf(
        () =>
          new Promise((resolve, reject) => {
            const settle = (error: Error | null, rows: unknown = []): void =>
              error === null ? resolve(rows) : reject(error);
            if (sql === SCHEMA) database.exec(sql, settle);
            else database.all(sql, settle);
          }),
      ),
  };
}

async function answerOf(action: () => unknown): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return `${code ?? ''}: ${message}`;
  }
}

async function converse(conversation: Conversation, script: readonly string[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  const say = async (sql: string): Promise<unknown> => answers.push([sql, await conversation.say(sql)]);

  for (const sql of script) await say(sql);
  await say('ROLLBACK');
  await say('SELECT name, sql FROM sqlite_master ORDER BY name');
  for (const [, rows] of [answers.at(-1)] as [string, { name: string; sql: string | null }[]][]) {
    for (const { name, sql } of rows) {
      if (sql?.startsWith('CREATE TABLE') === true)
        await say(`SELECT * FROM "${name.replaceAll('"', '""')}" ORDER BY 1, 2`);
    }
  }
  await say(KEYS);
  return answers;
}

describe('foreign keys of each connection', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await open(SCHEMA, { file: FILE, foreignKeys: undefined });
    begin(sandbox, 'a test');
  });

  afterEach(() => sandbox.close());

  const whole = (): unknown[] => column(sandbox, 'SELECT sql FROM sqlite_schema ORDER BY name');

  for (const [driver, { real, dropIn }] of Object.entries(DRIVERS)) {
    describe(`are those of ${driver}`, () => {
      for (const [title, script] of Object.entries(SCRIPTS)) {
        it(title, async () => {
          const direct = real();
          await direct.say(SCHEMA);
          const expected = await converse(direct, script);
          direct.close();

          // What was written before keeps Lockstep from beginning anew.
          sandbox.session.execute('CREATE TABLE before (a)');
          sandbox.session.execute('DROP TABLE before');
          const schema = whole();
          expect(await converse(dropIn(), script)).to.deep.equal(expected);

          sandbox.end();
          begin(sandbox, 'the next');
          expect(whole()).to.deep.equal(schema);
          expect(() => new Database(FILE).exec('INSERT INTO strict VALUES (21, 9)')).to.throw('FOREIGN KEY');
          expect(() => sandbox.session.execute('DELETE FROM parent WHERE id = 1')).to.throw('FOREIGN KEY');
        });
      }
    });
  }

  describe('on a schema without references', () => {
    const REFERENCES = /REFERENCES/g;
    const references = (rows: unknown[]): number => JSON.stringify(rows).match(REFERENCES)?.length ?? 0;

    it('are there for everybody else', () => {
      const off = new Database(FILE);
      const on = new Database(FILE);
      off.pragma('foreign_keys = OFF');
      off.exec('INSERT INTO strict VALUES (21, 9)');

      expect(on.pragma('foreign_keys', { simple: true })).to.equal(1);
      expect(() => on.exec('INSERT INTO strict VALUES (22, 9)')).to.throw('FOREIGN KEY');
      off.exec('INSERT INTO strict VALUES (22, 9)');
      expect(() => sandbox.session.execute('INSERT INTO strict VALUES (23, 9)')).to.throw('FOREIGN KEY');
      off.exec('INSERT INTO strict VALUES (23, 9)');
      expect(references(whole())).to.equal(5);
      off.exec('INSERT INTO strict VALUES (24, 9)');
      expect(on.prepare('DELETE FROM cascading WHERE id = ?').run(10).changes).to.equal(1);
      expect(() => on.exec('DELETE FROM parent WHERE id = 1')).to.throw('FOREIGN KEY');
    });

    for (const sql of [
      'SELECT sql FROM sqlite_master',
      'SELECT sql FROM main."sqlite_schema"',
      "SELECT 'REFERENCES' FROM pragma_foreign_key_list('strict')",
      'SELECT text FROM texts',
      'PRAGMA foreign_key_list(nulled)',
      'PRAGMA foreign_key_check',
    ]) {
      it(`are seen by ${sql}`, () => {
        sandbox.session.execute('CREATE VIEW texts AS SELECT sql AS text FROM sqlite_schema');
        const off = new Database(FILE);
        off.pragma('foreign_keys = OFF');
        off.exec('DELETE FROM late');
        const read = (): unknown[] => sandbox.session.execute(sql).rows;
        const before = read();

        off.exec('INSERT INTO strict VALUES (21, 1)');
        expect(read()).to.deep.equal(before);
        off.exec('INSERT INTO strict VALUES (22, 1)');
        expect(off.prepare(sql).all()).to.deep.equal(before);
      });
    }

    it('are back also where a function of the app has asked amid a query', () => {
      const off = new Database(FILE);
      off.pragma('foreign_keys = OFF');
      off.function('ask_schema', () => off.prepare('SELECT sql FROM sqlite_schema').all().length);
      off.exec('INSERT INTO strict VALUES (21, 9)');

      expect(() => off.prepare('SELECT ask_schema()').get()).to.throw('busy executing a query');
      expect(references(whole())).to.equal(5);
    });

    it('are in what is serialized', () => {
      const off = new Database(FILE);
      off.pragma('foreign_keys = OFF');
      off.exec('INSERT INTO strict VALUES (21, 9)');

      const Real = requireReal('better-sqlite3', process.cwd()) as new (image: Buffer) => InstanceType<typeof Database>;
      const copy = new Real(off.serialize());
      expect(references(copy.prepare('SELECT sql FROM sqlite_schema').all())).to.equal(5);
    });

    it('are back behind a scope and one within it', () => {
      const off = new Database(FILE);
      off.pragma('foreign_keys = OFF');
      off.exec('INSERT INTO strict VALUES (21, 9)');
      begin(sandbox, 'inner');
      expect(references(whole())).to.equal(5);
      off.exec('INSERT INTO strict VALUES (22, 9)');
      sandbox.end();
      sandbox.resume();
      expect(references(whole())).to.equal(5);
      expect(column(sandbox, 'SELECT id FROM strict ORDER BY 1')).to.deep.equal([20, 21]);

      off.exec('INSERT INTO strict VALUES (22, 9)');
      begin(sandbox, 'without a statement');
      sandbox.end();
      sandbox.resume();
      off.exec('INSERT INTO strict VALUES (23, 9)');
      expect(references(whole())).to.equal(5);
      expect(() => sandbox.session.execute('INSERT INTO strict VALUES (24, 9)')).to.throw('FOREIGN KEY');
    });

    it('are back when the transaction is lost, or cut at the end of a test', () => {
      new Database(FILE).exec('DELETE FROM late');
      const off = new Database(FILE);
      off.pragma('foreign_keys = OFF');
      off.exec('BEGIN; INSERT INTO strict VALUES (21, 9)');
      sandbox.end();
      begin(sandbox, 'the next');
      expect(references(whole())).to.equal(5);
      expect(() => off.exec('COMMIT')).to.throw();

      off.exec('INSERT INTO strict VALUES (21, 9)');
      expect(() => off.exec('INSERT OR ROLLBACK INTO strict VALUES (21, 9)')).to.throw('ended the transaction');
      expect(references(whole())).to.equal(5);
      expect(() => sandbox.session.execute('INSERT INTO strict VALUES (24, 9)')).to.throw('FOREIGN KEY');
      expect(() => sandbox.end()).to.throw('ended the transaction');
      begin(sandbox, 'the one behind it');
      expect(references(whole())).to.equal(5);
    });
  });

  describe('last', () => {
    it('as long as their connection where it has set them first', () => {
      const app = new Database(FILE);
      app.pragma('foreign_keys = OFF');
      app.exec('INSERT INTO strict VALUES (21, 9)');
      sandbox.end();
      begin(sandbox, 'the next');
      expect(app.pragma('foreign_keys', { simple: true })).to.equal(0);
      app.exec('INSERT INTO strict VALUES (21, 9)');
    });

    it('until the end of the test where they were changed in it', () => {
      const app = new Database(FILE);
      app.exec('DELETE FROM strict');
      sandbox.session.execute(OFF);
      sandbox.session.execute('DELETE FROM parent');
      sandbox.end();
      begin(sandbox, 'a layer', 'layer');
      app.pragma('foreign_keys = OFF');
      begin(sandbox, 'a test');
      app.pragma('foreign_keys = ON');
      app.pragma('foreign_keys = OFF');
      app.pragma('foreign_keys = ON');
      sandbox.end();
      sandbox.resume();
      expect(app.pragma('foreign_keys', { simple: true })).to.equal(0);
      sandbox.end();
      begin(sandbox, 'the next');
      expect(app.pragma('foreign_keys', { simple: true })).to.equal(1);
      expect(() => sandbox.session.execute('DELETE FROM parent WHERE id = 1')).to.throw('FOREIGN KEY');
    });

    it('of the schema file no longer than it', async () => {
      sandbox.close();
      sandbox = await open(`${OFF}; ${SCHEMA}; INSERT INTO strict VALUES (21, 9)`, {
        file: FILE,
        foreignKeys: undefined,
      });
      begin(sandbox, 'a test');
      expect(() => sandbox.session.execute('INSERT INTO strict VALUES (22, 9)')).to.throw('FOREIGN KEY');
    });
  });

  describe('before the first test', () => {
    beforeEach(async () => {
      sandbox.close();
      sandbox = await open(SCHEMA, { file: FILE, foreignKeys: undefined });
    });

    it('are real, and each connection has its own', async () => {
      const [on, off] = [new Database(FILE), connect(FILE)];
      await off.run('INSERT INTO strict VALUES (21, 9)');
      expect(() => on.exec('INSERT INTO strict VALUES (22, 9)')).to.throw('FOREIGN KEY');
      on.pragma('foreign_keys = OFF');
      on.exec('BEGIN; PRAGMA foreign_keys = ON; INSERT INTO strict VALUES (22, 9); COMMIT');
      await off.run(ON);
      expect(await errorOf(() => off.run('INSERT INTO strict VALUES (23, 9)'))).to.include({
        code: 'SQLITE_CONSTRAINT',
      });
      expect(on.pragma('foreign_keys', { simple: true })).to.equal(0);
      expect(column(sandbox, KEYS)).to.deep.equal([1]);
      expect(() => sandbox.session.execute('INSERT INTO strict VALUES (23, 9)')).to.throw('FOREIGN KEY');

      begin(sandbox, 'a test');
      expect(await off.all(KEYS)).to.deep.equal([{ foreign_keys: 1 }]);
      expect(on.pragma('foreign_keys', { simple: true })).to.equal(0);
      on.exec('DROP TABLE parent');
      expect(column(sandbox, 'SELECT count(*) FROM cascading')).to.deep.equal([2]);
    });
  });

  describe('that no connection of the app wants', () => {
    const strict = (): unknown[] => column(sandbox, 'SELECT id FROM strict ORDER BY 1');

    beforeEach(async () => {
      await connect(FILE).run('INSERT INTO strict VALUES (21, 9)');
      expect(() => sandbox.session.execute('INSERT INTO strict VALUES (22, 9)')).to.throw('FOREIGN KEY');
      sandbox.end();
      begin(sandbox, 'the next');
    });

    it('are so whatever a schema file has set', async () => {
      sandbox.close();
      sandbox = await open(`${ON}; ${SCHEMA}`, { file: FILE, foreignKeys: undefined });
      await connect(FILE).run('INSERT INTO strict VALUES (21, 9)');
      begin(sandbox, 'a test');
      expect(column(sandbox, KEYS)).to.deep.equal([0]);
    });

    it('are off from then on, for the session as well', async () => {
      await connect(FILE).run('INSERT INTO strict VALUES (21, 9)');
      expect(column(sandbox, KEYS)).to.deep.equal([0]);
      sandbox.session.execute('INSERT INTO strict VALUES (22, 9)');
      expect(strict()).to.deep.equal([20, 21, 22]);
    });

    it('are on again for one that does, while nothing is written', async () => {
      const off = connect(FILE);
      await off.all('SELECT * FROM strict');
      begin(sandbox, 'inner');
      await off.all('SELECT * FROM strict');
      const on = connect(FILE);
      await on.run(ON);
      expect(await errorOf(() => on.run('INSERT INTO strict VALUES (21, 9)'))).to.include({
        code: 'SQLITE_CONSTRAINT',
      });
      await off.run('INSERT INTO strict VALUES (21, 9)');
      expect(() => sandbox.session.execute('INSERT INTO strict VALUES (22, 9)')).to.throw('FOREIGN KEY');
      sandbox.end();
      sandbox.resume();
      expect(strict()).to.deep.equal([20]);
      sandbox.end();
      begin(sandbox, 'one behind it');
      expect(() => sandbox.session.execute('INSERT INTO strict VALUES (22, 9)')).to.throw('FOREIGN KEY');
    });

    it('are on again for a driver that has them on, also in a transaction', () => {
      sandbox.session.execute('SELECT 1');
      const on = new Database(FILE);
      on.exec('BEGIN');
      expect(() => on.exec('INSERT INTO strict VALUES (21, 9)')).to.throw('FOREIGN KEY');
      on.exec('COMMIT');
    });

    it('are refused to one that does once something is written', async () => {
      const off = connect(FILE);
      await off.run('INSERT INTO strict VALUES (21, 9)');
      const refused = await errorOf(() => off.run(ON));
      expect(refused).to.include({ code: 'LOCKSTEP_REFUSED' });
      expect(refused.message).to.include('database.foreignKeys: true').and.include('PRAGMA foreign_keys = ON');
      const on = new Database(FILE);
      expect(on.prepare('SELECT count(*) FROM strict').pluck().get()).to.equal(2);
      expect(() => on.exec('DELETE FROM parent')).to.throw('database.foreignKeys: true');
      expect(() => sandbox.session.execute(ON)).to.throw('database.foreignKeys: true');
      expect(strict()).to.deep.equal([20, 21]);

      sandbox.end();
      begin(sandbox, 'one behind it');
      await off.run('INSERT INTO strict VALUES (21, 9)');
      expect(() => on.exec('DELETE FROM parent')).to.throw('FOREIGN KEY');
      await off.run(ON);
      expect(await errorOf(() => off.run('INSERT INTO strict VALUES (22, 9)'))).to.include({
        code: 'SQLITE_CONSTRAINT',
      });
    });
  });

  describe('in the config', () => {
    it('are on for all, whose pragma counts still', async () => {
      sandbox.close();
      sandbox = await open(SCHEMA, { file: FILE, foreignKeys: true });
      begin(sandbox, 'a test');
      const app = connect(FILE);
      expect(await app.all(KEYS)).to.deep.equal([{ foreign_keys: 1 }]);
      expect(await errorOf(() => app.run('INSERT INTO strict VALUES (21, 9)'))).to.include({
        code: 'SQLITE_CONSTRAINT',
      });
      await app.run(OFF);
      await app.run('DROP TABLE parent');
      await app.run(ON);
      expect(column(sandbox, 'SELECT count(*) FROM cascading')).to.deep.equal([2]);
    });

    it('are off for all, whatever they ask for', async () => {
      sandbox.close();
      sandbox = await open(SCHEMA, { file: FILE, foreignKeys: false });
      const app = new Database(FILE);
      app.exec('INSERT INTO strict VALUES (21, 9)');
      begin(sandbox, 'a test');
      app.pragma('foreign_keys = ON');
      expect(app.pragma('foreign_keys', { simple: true })).to.equal(0);
      app.exec('INSERT INTO strict VALUES (22, 9)');
      sandbox.session.execute(ON);
      sandbox.session.execute('INSERT INTO strict VALUES (23, 9)');
      await connect(FILE).run('INSERT INTO strict VALUES (24, 9)');
    });
  });
});
