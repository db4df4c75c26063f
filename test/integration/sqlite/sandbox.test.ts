import { expect } from 'chai';
import type { Sandbox } from '#src/engine/index.js';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import { begin, column, connect, errorOf, open } from './support.js';

const SCHEMA = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE); INSERT INTO t (a) VALUES (1);';
const ALL = 'SELECT a FROM t ORDER BY id';

describe('SQLite sandbox', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await open(SCHEMA);
    begin(sandbox, 'a test');
  });

  afterEach(() => sandbox.close());

  describe('one transaction, many connections', () => {
    it('shows each what the others wrote, and forgets it at the end', async () => {
      const app = connect();
      const sync = new Database(':memory:');

      sandbox.session.execute('INSERT INTO t (a) VALUES (?)', [2]);
      await app.run('INSERT INTO t (a) VALUES (?)', 3);
      sync.prepare('INSERT INTO t (a) VALUES (?)').run(4);
      expect(column(sandbox, ALL)).to.deep.equal([1, 2, 3, 4]);
      expect(await app.all(ALL)).to.have.length(4);
      expect(sync.prepare(ALL).pluck().all()).to.deep.equal([1, 2, 3, 4]);

      sandbox.end();
      begin(sandbox, 'the next');
      expect(column(sandbox, ALL)).to.deep.equal([1]);
    });

    it('leaves the rest working after a unique violation', async () => {
      const app = connect();

      await app.run('INSERT INTO t (a) VALUES (2)');
      expect(await errorOf(() => app.run('INSERT INTO t (a) VALUES (1)'))).to.include({ code: 'SQLITE_CONSTRAINT' });
      await app.run('INSERT INTO t (a) VALUES (3)');
      expect(column(sandbox, ALL)).to.deep.equal([1, 2, 3]);
    });

    it("undoes an app's rollback, and only that", async () => {
      const app = connect();

      sandbox.session.execute('INSERT INTO t (a) VALUES (2)');
      await app.run('BEGIN');
      await app.run('INSERT INTO t (a) VALUES (3)');
      await app.run('ROLLBACK');
      expect(column(sandbox, ALL)).to.deep.equal([1, 2]);
    });

    it('counts a script with BEGIN and COMMIT as a commit', async () => {
      const app = connect();

      await app.exec('BEGIN; INSERT INTO t (a) VALUES (2); COMMIT');
      expect(sandbox.leftovers()).to.deep.equal([]);
      expect(column(sandbox, ALL)).to.deep.equal([1, 2]);

      sandbox.end();
      begin(sandbox, 'the next');
      expect(column(sandbox, ALL)).to.deep.equal([1]);
    });

    it('keeps overlapping transactions apart', async () => {
      const transfer = async (value: number, ending: string): Promise<void> => {
        const app = connect();
        await app.run('BEGIN');
        await app.run('INSERT INTO t (a) VALUES (?)', value);
        await new Promise((resolve) => setTimeout(resolve, 5));
        await app.run(ending);
      };

      await Promise.all([
        transfer(2, 'ROLLBACK'),
        transfer(3, 'COMMIT'),
        transfer(4, 'ROLLBACK'),
        transfer(5, 'COMMIT'),
      ]);
      expect(column(sandbox, ALL)).to.deep.equal([1, 3, 5]);
    });

    it('loses no update of 100 transactions over 10 connections', async () => {
      const pool = Array.from({ length: 10 }, () => connect());
      const increment = async (app: ReturnType<typeof connect>): Promise<void> => {
        await app.run('BEGIN IMMEDIATE');
        const [row] = await app.all('SELECT a FROM t WHERE id = 1');
        await new Promise((resolve) => setTimeout(resolve, 1));
        await app.run('UPDATE t SET a = ? WHERE id = 1', Number(row?.['a']) + 1);
        await app.run('COMMIT');
      };

      await Promise.all(
        pool.map(async (app) => {
          for (let count = 0; count < 10; count += 1) await increment(app);
        }),
      );
      expect(column(sandbox, ALL)).to.deep.equal([101]);
    });

    it('rolls back what a connection has open when it is closed', async () => {
      const app = connect();

      await app.run('BEGIN');
      await app.run('INSERT INTO t (a) VALUES (2)');
      await app.close();
      expect(column(sandbox, ALL)).to.deep.equal([1]);
    });
  });

  describe('layers', () => {
    it('keep their work for all tests inside, then forget it', () => {
      sandbox.end();

      begin(sandbox, 'outer', 'layer');
      sandbox.session.execute('INSERT INTO t (a) VALUES (2)');
      begin(sandbox, 'inner', 'layer');
      sandbox.session.execute('INSERT INTO t (a) VALUES (3)');
      for (const title of ['first', 'second']) {
        begin(sandbox, title);
        sandbox.session.execute('INSERT INTO t (a) VALUES (4)');
        expect(column(sandbox, ALL)).to.deep.equal([1, 2, 3, 4]);
        sandbox.end();
      }
      sandbox.end();
      sandbox.resume();
      expect(column(sandbox, ALL)).to.deep.equal([1, 2]);
      sandbox.end();
      begin(sandbox, 'the next');
      expect(column(sandbox, ALL)).to.deep.equal([1]);
    });

    it('close the sandbox between their tests, until a hook resumes it', async () => {
      const app = connect();
      sandbox.end();

      begin(sandbox, 'a layer', 'layer');
      begin(sandbox, 'its test');
      await app.all(ALL);
      sandbox.end();
      expect(await errorOf(() => app.all(ALL))).to.include({ code: 'LOCKSTEP_STRAGGLER' });

      sandbox.resume();
      expect(await app.all(ALL)).to.have.length(1);
    });
  });

  describe('what has a life of its own in SQLite', () => {
    it('runs schema changes and forgets them', () => {
      sandbox.session.script('CREATE TABLE extra (x); ALTER TABLE t ADD COLUMN b');
      expect(column(sandbox, 'SELECT b FROM t')).to.deep.equal([null]);

      sandbox.end();
      begin(sandbox, 'the next');
      expect(() => sandbox.session.execute('SELECT b FROM t')).to.throw('no such column: b');
      expect(() => sandbox.session.execute('SELECT * FROM extra')).to.throw('no such table: extra');
    });

    it('detaches what a test attached', () => {
      sandbox.session.script("ATTACH ':memory:' AS side; CREATE TABLE side.t (x)");
      sandbox.end();
      begin(sandbox, 'the next');
      sandbox.session.script("ATTACH ':memory:' AS side; CREATE TABLE side.t (x)");
    });

    it('remembers functions that a connection has registered', async () => {
      const app = new Database(':memory:');
      app.function('twice', (value: number) => value * 2);
      expect(column(sandbox, 'SELECT twice(21)')).to.deep.equal([42]);

      sandbox.close();
      sandbox = await open(SCHEMA);
      expect(column(sandbox, 'SELECT twice(4)')).to.deep.equal([8]);
    });

    it('serves the connections and statements of an app across a restart', async () => {
      const sync = new Database(':memory:');
      const statement = sync.prepare(ALL).pluck();
      const app = connect();
      sandbox.session.execute('INSERT INTO t (a) VALUES (2)');
      expect(statement.all()).to.deep.equal([1, 2]);
      await app.run('BEGIN');

      sandbox.end();
      sandbox.close();
      expect(await errorOf(() => app.all(ALL))).to.include({ code: 'LOCKSTEP_NOT_RUNNING' });
      expect(() => statement.all()).to.throw('while no sandbox is open');

      sandbox = await open(SCHEMA);
      begin(sandbox, 'after the restart');
      expect(statement.all()).to.deep.equal([1]);
      expect(await app.all(ALL)).to.have.length(1);
    });
  });

  describe('the log', () => {
    it('has statements that cannot be prepared, with their error', async () => {
      const log: [connection: string, sql: string, message: string][] = [];
      sandbox.observer = ({ connection, sql, rows, error }) => {
        expect(rows).to.equal(0);
        log.push([connection.replace(/ \d+$/, ''), sql, error?.message ?? '']);
      };
      const SYNTAX = 'SELEKT 1';
      const MISSING = 'SELECT * FROM missing';
      const sync = new Database(':memory:');
      const app = connect();

      expect(() => sync.prepare(SYNTAX)).to.throw('syntax error');
      expect(() => sync.exec(MISSING)).to.throw('no such table');
      expect(() => sandbox.session.execute(MISSING)).to.throw('no such table');
      await errorOf(() => app.all(SYNTAX));
      await errorOf(() => app.run(MISSING));
      await errorOf(() => app.exec(MISSING));

      expect(log).to.deep.equal([
        ['better-sqlite3 connection', SYNTAX, 'near "SELEKT": syntax error'],
        ['better-sqlite3 connection', MISSING, 'no such table: missing'],
        ['session', MISSING, 'no such table: missing'],
        ['sqlite3 connection', SYNTAX, 'near "SELEKT": syntax error'],
        ['sqlite3 connection', MISSING, 'no such table: missing'],
        ['sqlite3 connection', MISSING, 'no such table: missing'],
      ]);
    });

    it('tells each statement, its connection and its rows', async () => {
      const seen: unknown[] = [];
      sandbox.observer = ({ database, connection, sql, rows, error }) => {
        expect(database).to.equal('main');
        seen.push([connection.replace(/\d+$/, 'N'), sql, rows, error?.message]);
      };

      sandbox.session.execute('INSERT INTO t (a) VALUES (2), (3)');
      await connect().all(ALL);
      await errorOf(() => connect().run('INSERT INTO t (a) VALUES (2)'));
      expect(seen).to.deep.equal([
        ['session', 'INSERT INTO t (a) VALUES (2), (3)', 2, undefined],
        ['sqlite3 connection N', ALL, 3, undefined],
        ['sqlite3 connection N', 'INSERT INTO t (a) VALUES (2)', 0, 'UNIQUE constraint failed: t.a'],
      ]);
    });
  });
});
