import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import RealDatabase from 'better-sqlite3';
import { expect } from 'chai';
import { blockedHost, type Sandbox } from '#src/engine/index.js';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import { begin, column, connect, errorOf, open } from './support.js';

const SCHEMA = 'CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE t (a REFERENCES parent)';
const INSERT = 'INSERT INTO t VALUES (NULL)';
const COUNT = 'SELECT count(*) FROM t';
const STALL = /has held the database/;

type Step = readonly [connection: 'a' | 'b', sql: string];
interface Driver {
  prepare(sql: string): { readonly reader: boolean; all(): unknown[]; run(): { changes: number } };
  close(): unknown;
}

/** What each step answers: rows, the number of changes, or the error. */
function answers(connections: Record<'a' | 'b', Driver>, steps: readonly Step[]): unknown[] {
  return steps.map(([name, sql]) => {
    try {
      const statement = connections[name].prepare(sql);
      return statement.reader ? statement.all() : statement.run().changes;
    } catch (error) {
      return (error as Error).message;
    }
  });
}

describe('SQLite transactions that have done nothing yet', () => {
  let sandbox: Sandbox;

  const start = async (title = 'a test'): Promise<void> => {
    sandbox = await open(SCHEMA, { foreignKeys: undefined });
    begin(sandbox, title);
  };

  afterEach(() => sandbox.close());

  describe('beside an open one, as with the driver', () => {
    const scripts: Record<string, readonly Step[]> = {
      'begin and commit': [
        ['a', 'BEGIN'],
        ['b', 'BEGIN DEFERRED'],
        ['b', 'BEGIN'],
        ['b', 'COMMIT'],
        ['b', 'COMMIT'],
        ['a', INSERT],
        ['a', 'COMMIT'],
        ['b', COUNT],
      ],
      'begin and roll back': [
        ['a', 'BEGIN'],
        ['b', 'BEGIN'],
        ['a', INSERT],
        ['b', 'ROLLBACK'],
        ['b', 'ROLLBACK'],
        ['a', 'COMMIT'],
        ['b', COUNT],
      ],
      'begin, and work behind it': [
        ['a', 'BEGIN'],
        ['b', 'BEGIN'],
        ['a', INSERT],
        ['a', 'COMMIT'],
        ['b', INSERT],
        ['b', 'SAVEPOINT s'],
        ['b', INSERT],
        ['b', 'ROLLBACK TO s'],
        ['b', COUNT],
        ['b', 'ROLLBACK'],
        ['a', COUNT],
      ],
      'set what is their own': [
        ['a', 'BEGIN'],
        ['a', INSERT],
        ['b', 'PRAGMA foreign_keys = OFF'],
        ['b', 'PRAGMA foreign_keys'],
        ['b', 'PRAGMA synchronous = NORMAL'],
        ['b', 'PRAGMA synchronous'],
        ['b', 'PRAGMA query_only = 1'],
        ['b', 'PRAGMA query_only = 0'],
        ['a', 'INSERT INTO t VALUES (9)'],
        ['b', 'BEGIN'],
        ['b', 'PRAGMA foreign_keys = ON'],
        ['b', 'PRAGMA foreign_keys'],
        ['a', 'COMMIT'],
        ['b', 'INSERT INTO t VALUES (9)'],
        ['b', 'COMMIT'],
        ['a', COUNT],
      ],
    };

    for (const [title, steps] of Object.entries(scripts)) {
      it(title, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'lockstep-deferred-'));
        const file = join(folder, 'real.db');
        const real = { a: new RealDatabase(file), b: new RealDatabase(file) };
        try {
          real.a.exec(SCHEMA);
          const expected = answers(real, steps);

          await start();
          const app = { a: new Database(':memory:'), b: new Database(':memory:') };
          expect(answers(app, steps)).to.deep.equal(expected);
        } finally {
          real.a.close();
          real.b.close();
          rmSync(folder, { recursive: true });
        }
      });
    }
  });

  it('wait with their first statement, on a driver that can', async () => {
    await start();
    const [holder, waiter] = [connect(), connect()];
    await holder.run('BEGIN');
    await holder.run(INSERT);
    await waiter.run('PRAGMA foreign_keys = ON');
    await waiter.run('BEGIN');

    const waiting = waiter.all(COUNT);
    await holder.run('COMMIT');
    expect(await waiting).to.deep.equal([{ 'count(*)': 1 }]);
    await waiter.run('INSERT INTO parent VALUES (1)');
    await waiter.run('ROLLBACK');
    expect(column(sandbox, 'SELECT count(*) FROM parent')).to.deep.equal([0]);
    expect(column(sandbox, COUNT)).to.deep.equal([1]);
  });

  it('have their first statement refused while another one has the turn, and can go on', async () => {
    await start();
    const [holder, other] = [new Database(':memory:'), new Database(':memory:')];
    holder.exec('BEGIN');
    other.exec('BEGIN');
    expect(other.inTransaction).to.equal(true);

    const error = await errorOf(() => other.exec(INSERT));
    expect(error.message).to.match(STALL);
    expect(error.code).to.equal('SQLITE_BUSY');
    holder.exec('COMMIT');
    other.exec(`${INSERT}; COMMIT`);
    expect(column(sandbox, COUNT)).to.deep.equal([1]);
  });

  it('are none where a lock is asked for, or where more is sent with BEGIN', async () => {
    await start();
    const [holder, other] = [new Database(':memory:'), new Database(':memory:')];
    holder.exec('BEGIN');

    for (const sql of ['BEGIN IMMEDIATE', 'BEGIN EXCLUSIVE', `BEGIN; ${INSERT}; COMMIT`, 'SAVEPOINT s'])
      expect((await errorOf(() => other.exec(sql))).message, sql).to.match(STALL);
    expect(other.inTransaction).to.equal(false);

    const waiter = connect();
    const waiting = waiter.exec(`BEGIN; ${INSERT}; COMMIT`);
    holder.exec('COMMIT');
    await waiting;
    expect(column(sandbox, COUNT)).to.deep.equal([1]);
  });

  it('are told of where the test leaves them open, and their connection is cut', async () => {
    await start('the first');
    const [holder, other] = [connect(), connect()];
    await holder.run('BEGIN');
    await other.run('BEGIN');
    await holder.run('COMMIT');

    expect(sandbox.leftovers().map(({ kind, lastSql, idle }) => ({ kind, lastSql, idle }))).to.deep.equal([
      { kind: 'transaction', lastSql: 'BEGIN', idle: true },
    ]);
    sandbox.end();
    begin(sandbox, 'the second');
    expect(sandbox.leftovers()).to.deep.equal([]);
    expect(sandbox.cutConnections()).to.have.length(1);
    expect(await errorOf(() => other.run(INSERT))).to.include({ code: 'LOCKSTEP_STRAGGLER' });
    await errorOf(() => other.run('COMMIT'));
    await other.run(INSERT);
    expect(column(sandbox, COUNT)).to.deep.equal([1]);
  });

  it('are undone with the function of a test that has failed, and its hooks work', async () => {
    await start();
    sandbox.functionBegins();
    const [holder, other] = [connect(), connect()];
    await holder.run('BEGIN');
    await other.run('BEGIN');
    sandbox.functionOver(true);

    await other.run('ROLLBACK');
    await holder.run('ROLLBACK');
    await other.run(INSERT);
    expect(column(sandbox, COUNT)).to.deep.equal([1]);
    expect(sandbox.leftovers()).to.deep.equal([]);
  });

  it('end with their connection', async () => {
    await start();
    const [holder, other] = [connect(), connect()];
    await holder.run('BEGIN');
    await other.run('BEGIN');
    await other.close();

    await holder.run('COMMIT');
    expect(sandbox.leftovers()).to.deep.equal([]);
    expect(column(sandbox, COUNT)).to.deep.equal([0]);
  });

  it('are not for the session, which is told at once', async () => {
    sandbox = await open(SCHEMA, {}, blockedHost);
    begin(sandbox, 'a test');
    await connect().run('BEGIN');
    expect(() => sandbox.session.execute('BEGIN')).to.throw(STALL);
  });
});
