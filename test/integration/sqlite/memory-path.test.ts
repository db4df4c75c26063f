import { existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { blockedHost, type LoadedEngine, type Sandbox } from '#src/engine/index.js';
import { sqlite } from '#src/engine/sqlite/index.js';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import { begin, column, connect, errorOf, options } from './support.js';
import { type App, APPS, sequelizeOf } from './apps.js';

const VARIABLE = 'LOCKSTEP_TEST_MEMORY';

describe('SQLite: file: ":memory:" and an app that takes the path from database.env', () => {
  let engine: LoadedEngine;
  let sandbox: Sandbox;
  let withdraw: () => void;
  let path: string;

  beforeEach(async () => {
    process.env[VARIABLE] = 'before';
    engine = await sqlite.load(options({ env: [VARIABLE], stallTimeout: 2000 }));
    withdraw = engine.prepare();
    path = process.env[VARIABLE];
    sandbox = await engine.open(blockedHost);
    sandbox.session.script('CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)');
    begin(sandbox, 'memory');
  });

  afterEach(async () => {
    await sandbox.close();
    withdraw();
    delete process.env[VARIABLE];
  });

  it('gives it the path of a file that is not there, in a folder that is', () => {
    expect(path).to.match(/test\.sqlite3$/);
    expect(existsSync(path)).to.equal(false);
    expect(existsSync(dirname(path))).to.equal(true);
    expect(engine.url).to.equal(path);
  });

  it('puts the variable back, and removes what a real driver has made there', () => {
    for (const ending of ['', '-wal']) writeFileSync(path + ending, '');
    withdraw();

    expect(process.env[VARIABLE]).to.equal('before');
    expect([existsSync(path), existsSync(`${path}-wal`)]).to.deep.equal([false, false]);
  });

  it('is the same path in every run of the process, since apps keep it', async () => {
    const again = await sqlite.load(options({ env: [VARIABLE] }));
    again.prepare()();

    expect(again.url).to.equal(path);
  });

  it('leaves the name to those that are led by none', async () => {
    expect((await sqlite.load(options())).url).to.equal(':memory:');
  });

  for (const [title, open] of Object.entries(APPS)) {
    it(`reaches the database: ${title}`, async () => {
      const app: App = await open(path);
      try {
        await app.insert('from the app');
        sandbox.session.execute('INSERT INTO t (a) VALUES (?)', ['from the test']);

        expect(await app.names()).to.deep.equal(['from the app', 'from the test']);
        expect(existsSync(path)).to.equal(false);
      } finally {
        await app.close();
      }
    });
  }

  it('is a file to better-sqlite3', () => {
    const db = new Database(path);

    expect(db.memory).to.equal(false);
    expect(db.pragma('journal_mode')).to.deep.equal([{ journal_mode: 'delete' }]);
    expect(db.pragma('journal_mode = WAL', { simple: true })).to.equal('wal');
    expect(new Database(path, { readonly: true, fileMustExist: true }).prepare('SELECT * FROM t').all()).to.deep.equal(
      [],
    );
  });

  it('is the database of those who write :memory: all the same', async () => {
    await connect(path).run("INSERT INTO t (a) VALUES ('x')");
    const memory = new Database(':memory:');

    expect(memory.memory).to.equal(true);
    expect(memory.pragma('journal_mode = WAL', { simple: true })).to.equal('memory');
    expect(memory.prepare('SELECT a FROM t').pluck().all()).to.deep.equal(['x']);
  });

  it('lets Sequelize have a connection for each transaction', async () => {
    const app = sequelizeOf(path);
    const insert = async (a: string): Promise<void> =>
      app.transaction(async (transaction) => {
        await app.query(`INSERT INTO t (a) VALUES ('${a}')`, { transaction });
      });

    await Promise.all(['a', 'b', 'c'].map(insert));

    expect(column(sandbox, 'SELECT a FROM t ORDER BY a')).to.deep.equal(['a', 'b', 'c']);
    await app.close();
  });

  it('says what helps where Sequelize has the name :memory:', async () => {
    const app = sequelizeOf(':memory:');
    await app.transaction();
    const error = (await errorOf(() => app.transaction())) as Error & { parent: Error & { hint?: string } };

    expect(error.message).to.equal('SQLITE_ERROR: cannot start a transaction within a transaction');
    expect(error.parent.hint)
      .to.match(/database\.env of the config names/)
      .and.match(/\(Lockstep, see node_modules\/lockstep\/docs\/troubleshooting\.md#[a-z-]+\)$/);
    const failed = sandbox.log.since(0).events.find((statement) => statement.error !== undefined);
    expect(failed?.error).to.include({ hint: error.parent.hint });
  });

  it('says nothing where a connection with a path begins twice', async () => {
    const error = await errorOf(() => new Database(path).exec('BEGIN; BEGIN'));

    expect(error.message).to.equal('cannot start a transaction within a transaction');
    expect(error).not.to.have.property('hint');
  });
});
