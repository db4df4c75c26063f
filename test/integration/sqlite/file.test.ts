import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { blockedHost, type Sandbox } from '#src/engine/index.js';
import { sqlite } from '#src/engine/sqlite/index.js';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import sqlite3 from '#src/engine/sqlite/drivers/sqlite3.js';
import { requireReal } from '#src/engine/swap/index.js';
import { begin, column, connect, errorOf, options } from './support.js';

type Real = new (file: string) => InstanceType<typeof Database>;

describe('SQLite database files', () => {
  const Real = requireReal('better-sqlite3', process.cwd()) as Real;
  let folder: string;
  let sandbox: Sandbox | undefined;

  const open = async (file: string, changes = {}): Promise<Sandbox> =>
    (sandbox = await (await sqlite.load(options({ file, ...changes }))).open(blockedHost));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-'));
  });

  afterEach(() => {
    sandbox?.close();
    rmSync(folder, { recursive: true });
  });

  it('without "test" in their name are refused', async () => {
    const refused = await errorOf(() => open(join(folder, 'app.db')));
    expect(refused.message).to.include('does not contain "test"');
    expect(refused.code).to.equal('LOCKSTEP_UNSAFE_DATABASE');
    await open(join(folder, 'app.db'), { allowAnyDatabase: true });
  });

  it('that are too large are refused', async () => {
    const file = join(folder, 'large-test.db');
    writeFileSync(file, '');
    truncateSync(file, 1024 ** 3 + 1);
    expect((await errorOf(() => open(file))).message).to.match(/large-test\.db": it has 1\.0 GiB/);
  });

  it('that are absent or empty are empty databases', async () => {
    const file = join(folder, 'a-test.db');
    (await open(file)).session.script('CREATE TABLE t (a)');
    sandbox?.close();
    expect(existsSync(file)).to.equal(false);

    writeFileSync(file, '');
    (await open(file)).session.script('CREATE TABLE t (a)');
  });

  it('that are none are reported', async () => {
    const file = join(folder, 'a-test.db');
    writeFileSync(file, 'this is no database, but long enough to be looked at'.repeat(100));
    expect((await errorOf(() => open(file))).message).to.include('file is not a database');
  });

  for (const mode of ['delete', 'wal']) {
    it(`are read, with journal mode ${mode}, and never written`, async () => {
      const file = join(folder, 'a-test.db');
      const original = new Real(file);
      original.pragma(`journal_mode = ${mode}`);
      original.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
      const before = [readdirSync(folder), readFileSync(file)];

      begin(await open(file), 'a test');
      expect(column(sandbox as Sandbox, 'SELECT a FROM t')).to.deep.equal([1]);
      expect(column(sandbox as Sandbox, 'PRAGMA journal_mode')).to.deep.equal([mode]);

      await connect(file).run('INSERT INTO t VALUES (2)');
      new Database(file).exec('BEGIN; INSERT INTO t VALUES (3); COMMIT');
      expect(column(sandbox as Sandbox, 'SELECT a FROM t')).to.deep.equal([1, 2, 3]);
      sandbox?.end();

      expect(original.prepare('SELECT a FROM t').pluck().all()).to.deep.equal([1]);
      expect([readdirSync(folder), readFileSync(file)]).to.deep.equal(before);
      original.close();
    });
  }

  it('of a closed WAL database are read without leaving a log behind', async () => {
    const file = join(folder, 'a-test.db');
    const original = new Real(file);
    original.pragma('journal_mode = WAL');
    original.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
    original.close();

    expect(column(await open(file), 'SELECT a FROM t')).to.deep.equal([1]);
    expect(readdirSync(folder)).to.deep.equal(['a-test.db']);
  });

  it('that are not the configured one are opened for real', async () => {
    const other = join(folder, 'other.db');
    (await open(join(folder, 'a-test.db'))).session.script('CREATE TABLE t (a)');
    begin(sandbox as Sandbox, 'a test');

    const sync = new Database(other);
    sync.exec('CREATE TABLE real (a); INSERT INTO real VALUES (1)');
    sync.close();
    expect(existsSync(other)).to.equal(true);
    expect(await connect(other).all('SELECT a FROM real')).to.deep.equal([{ a: 1 }]);
    expect(new sqlite3.Database(other)).not.to.be.instanceOf(sqlite3.Database);

    sandbox?.end();
    expect(await connect(other).all('SELECT a FROM real')).to.have.length(1);
  });

  it('can be serialized only where the work in progress comes along', async () => {
    const file = join(folder, 'a-test.db');
    const original = new Real(file);
    original.exec('CREATE TABLE t (a)');
    original.close();

    begin(await open(file), 'a test');
    const app = new Database(file);
    app.exec('INSERT INTO t VALUES (1)');
    expect(() => app.serialize()).to.throw('database came from a file');
  });
});
