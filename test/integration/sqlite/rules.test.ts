import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Sandbox } from '#src/engine/index.js';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import { begin, column, connect, errorOf, open } from './support.js';

const SCHEMA = `
  CREATE TABLE parent (id INTEGER PRIMARY KEY);
  CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE strict_child (parent REFERENCES parent);
`;

describe('SQLite rules inside the sandbox', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await open(SCHEMA);
    begin(sandbox, 'a test');
  });

  afterEach(() => sandbox.close());

  describe('deferred foreign keys', () => {
    it('fail the commit, and leave the transaction open', async () => {
      const app = connect();
      await app.run('BEGIN');
      await app.run('INSERT INTO child (parent) VALUES (7)');

      const error = await errorOf(() => app.run('COMMIT'));
      expect(error).to.include({
        code: 'SQLITE_CONSTRAINT',
        message: 'SQLITE_CONSTRAINT: FOREIGN KEY constraint failed',
      });
      await app.run('INSERT INTO parent VALUES (7)');
      await app.run('COMMIT');
      expect(column(sandbox, 'SELECT parent FROM child')).to.deep.equal([7]);
    });

    it('fail a statement that is its own transaction, and undo it', () => {
      expect(() => sandbox.session.execute('INSERT INTO child (parent) VALUES (7)'))
        .to.throw('FOREIGN KEY constraint failed')
        .with.property('code', 'SQLITE_CONSTRAINT_FOREIGNKEY');
      expect(column(sandbox, 'SELECT count(*) FROM child')).to.deep.equal([0]);
    });

    it('are asked for by a pragma too, until the transaction ends', () => {
      const app = new Database(':memory:');
      app.exec('BEGIN; PRAGMA defer_foreign_keys = ON; INSERT INTO strict_child VALUES (7)');
      expect(() => app.exec('COMMIT')).to.throw('FOREIGN KEY constraint failed');
      app.exec('INSERT INTO parent VALUES (7); COMMIT');
      expect(() => app.exec('INSERT INTO strict_child VALUES (8)')).to.throw('FOREIGN KEY constraint failed');
    });

    it('know a schema that a test has made', () => {
      sandbox.session.script('DROP TABLE child');
      sandbox.session.execute('INSERT INTO parent VALUES (1)');
      sandbox.end();
      begin(sandbox, 'the next');
      expect(() => sandbox.session.execute('INSERT INTO child (parent) VALUES (7)')).to.throw('FOREIGN KEY');
    });
  });

  describe('pragmas', () => {
    it('do not let a foreign_keys through that is only prepared', () => {
      const app = new Database(':memory:');
      const off = app.prepare('PRAGMA foreign_keys = OFF');
      expect(off.reader).to.equal(false);
      expect(app.pragma('foreign_keys', { simple: true })).to.equal(1);
      off.run();
      expect(app.pragma('foreign_keys', { simple: true })).to.equal(0);
      expect(sandbox.session.execute('PRAGMA foreign_keys').rows).to.deep.equal([{ foreign_keys: 1 }]);
    });

    it('keep the settings of each connection to it', () => {
      const one = new Database(':memory:');
      const two = new Database(':memory:');
      one.pragma('synchronous = OFF');
      one.pragma('query_only = 1');
      expect(one.pragma('synchronous', { simple: true })).to.equal(0);
      expect(two.pragma('synchronous', { simple: true })).to.equal(2);
      expect(() => one.exec('INSERT INTO parent VALUES (1)')).to.throw('attempt to write a readonly database');
      two.exec('INSERT INTO parent VALUES (1)');
    });

    it('put back what a test has set', () => {
      const before = column(sandbox, 'PRAGMA recursive_triggers');
      sandbox.session.execute(`PRAGMA recursive_triggers = ${before[0] === 1 ? 0 : 1}`);
      expect(column(sandbox, 'PRAGMA recursive_triggers')).not.to.deep.equal(before);
      sandbox.end();
      begin(sandbox, 'the next');
      expect(column(sandbox, 'PRAGMA recursive_triggers')).to.deep.equal(before);
    });

    describe('wal_checkpoint after a write', () => {
      const NO_LOG = { busy: 0, log: -1, checkpointed: -1 };

      beforeEach(() => {
        sandbox.session.execute('INSERT INTO parent VALUES (1)');
      });

      for (const sql of ['PRAGMA wal_checkpoint', 'PRAGMA main.wal_checkpoint(TRUNCATE)']) {
        it(`is answered to the session and both drivers: ${sql}`, async () => {
          const app = new Database(':memory:');

          expect(sandbox.session.execute(sql).rows).to.deep.equal([NO_LOG]);
          expect(app.prepare(sql).get()).to.deep.equal(NO_LOG);
          expect(app.pragma(sql.replace('PRAGMA ', ''))).to.deep.equal([NO_LOG]);
          expect(app.exec(sql)).to.equal(app);
          expect(await connect().all(sql)).to.deep.equal([NO_LOG]);
        });
      }

      it('with a log says that it is empty', async () => {
        sandbox.close();
        sandbox = await open(SCHEMA, { file: join(tmpdir(), 'lockstep-checkpoint-test.db') });
        begin(sandbox, 'a test');
        const app = new Database(join(tmpdir(), 'lockstep-checkpoint-test.db'));
        app.pragma('journal_mode = WAL');
        app.exec('INSERT INTO parent VALUES (1)');

        expect(app.pragma('wal_checkpoint(FULL)')).to.deep.equal([{ busy: 0, log: 0, checkpointed: 0 }]);
        expect(app.pragma('wal_autocheckpoint = 5')).to.deep.equal([{ wal_autocheckpoint: 5 }]);
        expect(app.pragma('wal_autocheckpoint', { simple: true })).to.equal(5);
      });

      it('is locked by what the own transaction has written, as in production', () => {
        const app = new Database(':memory:');
        app.exec('BEGIN; INSERT INTO parent VALUES (2)');
        expect(() => app.pragma('wal_checkpoint'))
          .to.throw()
          .with.property('code', 'SQLITE_LOCKED');
      });
    });

    it('do what they do', () => {
      sandbox.session.execute('PRAGMA user_version = 5');
      expect(column(sandbox, 'PRAGMA user_version')).to.deep.equal([5]);
      expect(sandbox.session.execute('PRAGMA table_info(parent)').rows[0]).to.include({ name: 'id', pk: 1 });
      sandbox.end();
      begin(sandbox, 'the next');
      expect(column(sandbox, 'PRAGMA user_version')).to.deep.equal([0]);
    });
  });

  for (const sql of ['VACUUM', "VACUUM INTO 'x.db'", "ATTACH 'x.db' AS x", 'DETACH x']) {
    it(`refuse ${sql}`, async () => {
      expect(await errorOf(() => connect().run(sql))).to.include({ code: 'LOCKSTEP_REFUSED' });
      expect(await errorOf(() => new Database(':memory:').exec(sql))).to.include({ code: 'LOCKSTEP_REFUSED' });
    });
  }

  it('lets the setup do all that a connection may', async () => {
    sandbox.close();
    sandbox = await open(`PRAGMA foreign_keys = OFF; ${SCHEMA}`);
    sandbox.session.script('BEGIN; INSERT INTO strict_child VALUES (7); COMMIT; VACUUM');
    sandbox.session.execute('DELETE FROM strict_child');

    begin(sandbox, 'a test');
    expect(column(sandbox, 'PRAGMA foreign_keys')).to.deep.equal([1]);
    expect(() => sandbox.session.execute('INSERT INTO strict_child VALUES (7)')).to.throw('FOREIGN KEY');
  });
});
