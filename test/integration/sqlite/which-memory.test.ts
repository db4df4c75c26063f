import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { blockedHost, type Sandbox } from '#src/engine/index.js';
import { SandboxLostError, StragglerError } from '#src/errors.js';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import sqlite3 from '#src/engine/sqlite/drivers/sqlite3.js';
import { registry } from '#src/engine/sqlite/registry.js';
import { type App, APPS } from './apps.js';
import { begin, column, connect, errorOf, open } from './support.js';

const SCHEMA = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)';
const SELECT = 'SELECT a FROM t ORDER BY id';
/** Those whose connections may have been opened by a pool that grows. */
const POOLS = ['Knex', 'MikroORM'];

/** A cache as packages are written: in memory unless told otherwise, with a table that it makes when it is opened. */
interface Cache {
  set(key: string, value: string): Promise<void>;
  get(key: string): Promise<string | undefined>;
  close(): Promise<void>;
}
type CacheClass = new (driver: unknown, file?: string) => Cache;

const CACHE = `
export class AsyncCache {
  constructor({ Database }, file = ':memory:') {
    this.db = new Database(file);
    this.ready = this.call('run', 'CREATE TABLE IF NOT EXISTS kept (k PRIMARY KEY, v)');
  }
  call(method, ...parameters) {
    return new Promise((resolve, reject) =>
      this.db[method](...parameters, (error, result) => (error ? reject(error) : resolve(result))));
  }
  async set(key, value) {
    await this.ready;
    await this.call('run', 'INSERT OR REPLACE INTO kept VALUES (?, ?)', key, value);
  }
  async get(key) {
    await this.ready;
    return (await this.call('get', 'SELECT v FROM kept WHERE k = ?', key))?.v;
  }
  close() { return this.call('close'); }
}
export class SyncCache {
  constructor(Database, file = ':memory:') {
    this.db = new Database(file);
    this.db.pragma('journal_mode = WAL');
    this.db.exec('CREATE TABLE IF NOT EXISTS kept (k PRIMARY KEY, v); CREATE INDEX IF NOT EXISTS i ON kept (v)');
    this.write = this.db.prepare('INSERT OR REPLACE INTO kept VALUES (?, ?)');
    this.read = this.db.prepare('SELECT v FROM kept WHERE k = ?').pluck();
  }
  async set(key, value) { this.write.run(key, value); }
  async get(key) { return this.read.get(key); }
  async close() { this.db.close(); }
}
`;

describe('SQLite: which :memory: is meant', () => {
  let sandbox: Sandbox;
  let folder: string;
  let packages: Record<'AsyncCache' | 'SyncCache', CacheClass>;
  const opened: { close(): Promise<void> }[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-memory-'));
    mkdirSync(join(folder, 'node_modules', 'tiny-cache'), { recursive: true });
    const file = join(folder, 'node_modules', 'tiny-cache', 'index.mjs');
    writeFileSync(file, CACHE);
    packages = (await import(pathToFileURL(file).href)) as typeof packages;
  });

  after(() => rmSync(folder, { recursive: true }));

  beforeEach(async () => {
    sandbox = await open(SCHEMA, { stallTimeout: 2000 }, blockedHost);
  });

  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close().catch(() => undefined);
    await sandbox.close();
  });

  async function start(library: string): Promise<App> {
    const app = await APPS[library]?.(':memory:');
    if (app === undefined) throw new Error(`There is no ${library}.`);
    opened.push(app);
    return app;
  }

  const names = (): unknown[] => column(sandbox, SELECT);

  const CACHES: Readonly<Record<string, () => Cache>> = {
    sqlite3: () => new packages.AsyncCache(sqlite3),
    'better-sqlite3': () => new packages.SyncCache(Database),
  };

  for (const [driver, make] of Object.entries(CACHES)) {
    describe(`a package that keeps something of its own, by ${driver}`, () => {
      function openCache(): Cache {
        const cache = make();
        opened.push(cache);
        return cache;
      }

      it('has another database than the session and the app', async () => {
        begin(sandbox, 'a');
        const cache = openCache();
        await cache.set('k', 'v');
        const app = await start('sqlite3');
        await app.insert('x');

        expect(await cache.get('k')).to.equal('v');
        expect(names()).to.deep.equal(['x']);
        expect(column(sandbox, "SELECT name FROM sqlite_schema WHERE name = 'kept'")).to.deep.equal([]);
      });

      it('has it rolled back with each test, but its table', async () => {
        begin(sandbox, 'a');
        const cache = openCache();
        await cache.set('k', 'v');
        sandbox.end();

        begin(sandbox, 'b');
        expect(await cache.get('k')).to.equal(undefined);
        await cache.set('k', 'w');
        expect(await cache.get('k')).to.equal('w');
      });

      it('keeps what a layer has put there for the tests of the layer', async () => {
        const cache = openCache();
        begin(sandbox, 'layer', 'layer');
        await cache.set('k', 'layer');
        for (const title of ['a', 'b']) {
          begin(sandbox, title);
          expect(await cache.get('k')).to.equal('layer');
          await cache.set('k', title);
          sandbox.end();
        }
        sandbox.resume();
        expect(await cache.get('k')).to.equal('layer');
        sandbox.end();

        begin(sandbox, 'c');
        expect(await cache.get('k')).to.equal(undefined);
      });

      it('keeps what it writes before the first test', async () => {
        const cache = openCache();
        await cache.set('k', 'v');
        begin(sandbox, 'a');
        await cache.set('k', 'w');
        sandbox.end();

        begin(sandbox, 'b');
        expect(await cache.get('k')).to.equal('v');
      });

      it('has one for each open, empty when it is opened again', async () => {
        begin(sandbox, 'a');
        const [first, second] = [openCache(), openCache()];
        await first.set('k', 'v');
        expect(await second.get('k')).to.equal(undefined);

        await first.close();
        expect(await openCache().get('k')).to.equal(undefined);
        expect(await second.get('k')).to.equal(undefined);
      });

      it('is refused between two tests', async () => {
        begin(sandbox, 'a');
        const cache = openCache();
        await cache.get('k');
        sandbox.end();

        expect(await errorOf(() => cache.set('k', 'v'))).to.be.instanceOf(StragglerError);
        begin(sandbox, 'b');
        expect(await cache.get('k')).to.equal(undefined);
        await cache.set('k', 'v');
      });

      it('lives on in the next run of the process', async () => {
        begin(sandbox, 'a');
        const cache = openCache();
        await cache.set('k', 'v');
        await sandbox.close();

        sandbox = await open(SCHEMA);
        begin(sandbox, 'b');
        expect((await errorOf(() => cache.set('k', 'v'))).message).to.match(/no such table: kept/);
        expect(names()).to.deep.equal([]);
      });

      it('does not take the first open from the app', async () => {
        begin(sandbox, 'a');
        openCache();
        sandbox.session.execute("INSERT INTO t (a) VALUES ('x')");

        expect(await (await start('Sequelize')).names()).to.deep.equal(['x']);
      });

      it('shares the log', async () => {
        begin(sandbox, 'a');
        const before = sandbox.log.count;
        await openCache().set('k', 'v');

        const sent = sandbox.log.since(before).events.filter(({ sql }) => sql.startsWith('INSERT'));
        expect(sent.map(({ connection }) => connection)).to.match(/connection \d+ of tiny-cache/);
      });
    });
  }

  for (const library of Object.keys(APPS)) {
    describe(`an app by ${library}`, () => {
      it('finds what the session has written, whoever comes first', async () => {
        begin(sandbox, 'a');
        sandbox.session.execute("INSERT INTO t (a) VALUES ('session')");
        const app = await start(library);
        await app.insert('app');

        expect(await app.names()).to.deep.equal(['session', 'app']);
        expect(names()).to.deep.equal(['session', 'app']);
      });

      it('shares it with a second open in the same scope', async () => {
        begin(sandbox, 'a');
        const [first, second] = [await start(library), await start(library)];
        await first.insert('x');

        expect(await second.names()).to.deep.equal(['x']);
      });

      it('shares it with another library', async () => {
        begin(sandbox, 'layer', 'layer');
        const first = await start(library);
        await first.insert('x');
        begin(sandbox, 'a');
        const second = await start(library === 'TypeORM' ? 'Sequelize' : 'TypeORM');

        expect(await second.names()).to.deep.equal(['x']);
      });

      if (POOLS.includes(library)) {
        it('shares it with a connection of a later scope: the pool has grown', async () => {
          begin(sandbox, 'layer', 'layer');
          await (await start(library)).insert('x');
          begin(sandbox, 'a');

          expect(await (await start(library)).names()).to.deep.equal(['x']);
        });
      } else {
        it('is started anew while a former one lives', async () => {
          begin(sandbox, 'layer', 'layer');
          const former = await start(library);
          await former.insert('former');
          begin(sandbox, 'a');
          const app = await start(library);

          expect(await app.names()).to.deep.equal([]);
          await app.insert('anew');
          expect(names()).to.deep.equal(['anew']);
          sandbox.session.execute("INSERT INTO t (a) VALUES ('session')");
          expect(await app.names()).to.deep.equal(['anew', 'session']);
          expect(await former.names()).to.deep.equal(['former']);

          sandbox.end();
          sandbox.resume();
          expect(names()).to.deep.equal(['former']);
        });
      }

      it('begins anew when all were closed', async () => {
        begin(sandbox, 'a');
        const former = await start(library);
        await former.insert('former');
        await former.close();
        const app = await start(library);

        expect(await app.names()).to.deep.equal([]);
        await app.insert('anew');
        expect(names()).to.deep.equal(['anew']);
      });
    });
  }

  describe('an app that was started anew', () => {
    async function restarted(): Promise<{ former: App; app: App }> {
      begin(sandbox, 'layer', 'layer');
      const former = await start('Sequelize');
      await former.insert('former');
      begin(sandbox, 'a');
      return { former, app: await start('Sequelize') };
    }

    it('begins with what schema and seed have put there', async () => {
      sandbox.session.execute("INSERT INTO t (a) VALUES ('seed')");
      const { app } = await restarted();

      expect(await app.names()).to.deep.equal(['seed']);
    });

    it('shares a database that is too large to be kept twice', async () => {
      sandbox.session.script('INSERT INTO t (a) VALUES (hex(zeroblob(17000000)))');
      const { app } = await restarted();

      expect((await app.names()).at(-1)).to.equal('former');
    });

    it('finds rows that the session has put there for it in the same test or layer', async () => {
      for (const kind of ['layer', 'test'] as const) {
        begin(sandbox, 'outer', 'layer');
        await (await start('Sequelize')).insert('former');
        begin(sandbox, kind, kind);
        sandbox.session.execute("INSERT INTO t (a) VALUES ('session')");
        begin(sandbox, 'a');

        expect(await (await start('Sequelize')).names()).to.deep.equal(['former', 'session']);
        for (let ends = 0; ends < 3; ends += 1) sandbox.end();
      }
    });

    it('shares with what it opens further in that test', async () => {
      const { app } = await restarted();
      await app.insert('x');

      expect(await (await start('Sequelize')).names()).to.deep.equal(['x']);
      expect(await (await start('Knex')).names()).to.deep.equal(['x']);
    });

    it('gives the session back when it is closed', async () => {
      const { app } = await restarted();
      await app.insert('x');
      expect(names()).to.deep.equal(['x']);
      await app.close();

      expect(names()).to.deep.equal(['former']);
    });

    it('is rolled back, and may live on', async () => {
      const { app } = await restarted();
      await app.insert('x');
      sandbox.end();

      begin(sandbox, 'b');
      expect(await app.names()).to.deep.equal([]);
      await app.insert('y');
      expect(await app.names()).to.deep.equal(['y']);
      expect(names()).to.deep.equal(['former']);
      sandbox.end();
      begin(sandbox, 'c');
      expect(await app.names()).to.deep.equal([]);
    });

    it('may be started anew in every test', async () => {
      const { app } = await restarted();
      await app.insert('x');
      for (const title of ['b', 'c', 'd']) {
        sandbox.end();
        begin(sandbox, title);
        const next = await start('Sequelize');
        expect(await next.names()).to.deep.equal([]);
        await next.insert(title);
        expect(names()).to.deep.equal([title]);
      }
    });

    it('is refused between two tests', async () => {
      const { app } = await restarted();
      await app.insert('x');
      sandbox.end();

      expect((await errorOf(() => app.insert('y'))).message).to.match(/LOCKSTEP_STRAGGLER/);
    });

    it('has its open transaction told and cut', async () => {
      begin(sandbox, 'layer', 'layer');
      await connect(':memory:').run("INSERT INTO t (a) VALUES ('former')");
      begin(sandbox, 'a');
      const app = connect(':memory:');
      await app.exec("BEGIN; INSERT INTO t (a) VALUES ('x')");

      expect(sandbox.leftovers().map(({ kind }) => kind)).to.deep.equal(['transaction']);
      sandbox.end();
      expect(sandbox.cutConnections()).to.have.length(1);
      begin(sandbox, 'b');
      expect(await errorOf(() => app.exec('COMMIT'))).to.be.instanceOf(StragglerError);
      expect(await app.all(SELECT)).to.deep.equal([]);
      expect(names()).to.deep.equal(['former']);
    });

    it('has its own losses', async () => {
      begin(sandbox, 'layer', 'layer');
      await connect(':memory:').run("INSERT INTO t (id, a) VALUES (1, 'former')");
      begin(sandbox, 'a');
      const app = connect(':memory:');
      await app.run("INSERT INTO t (id, a) VALUES (1, 'x')");
      await errorOf(() => app.run("INSERT OR ROLLBACK INTO t (id, a) VALUES (1, 'y')"));

      expect(await errorOf(() => sandbox.end())).to.be.instanceOf(SandboxLostError);
      sandbox.resume();
      expect(names()).to.deep.equal(['former']);
    });
  });

  it('warns where nobody but a package has opened it', async () => {
    await sandbox.close();
    // A warning of that one comes with the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    // What other tests of this process have opened.
    registry.databases.delete(':memory:');
    for (const opened of [registry.others, registry.packages]) opened.clear();
    sandbox = await open(SCHEMA, { swap: ['better-sqlite3', 'sqlite3'] });
    const warning = once(process, 'warning') as Promise<[Error & { code?: string }]>;
    const cache = new packages.SyncCache(Database);
    await sandbox.close();
    await cache.close();

    const [{ code, message }] = await warning;
    expect(code).to.equal('LOCKSTEP_OTHER_DATABASE');
    expect(message).to.match(/never opened ":memory:".* but the package tiny-cache did/);
  });

  describe('names in memory', () => {
    const NAME = 'file:cache?mode=memory&cache=shared';

    it('are one database for all who use the name, and none for the session', async () => {
      begin(sandbox, 'a');
      const [first, second] = [connect(NAME), connect(`${NAME}#x`)];
      await first.exec('CREATE TABLE kept (a)');
      await first.run("INSERT INTO kept VALUES ('x')");

      expect(await second.all('SELECT a FROM kept')).to.deep.equal([{ a: 'x' }]);
      expect(
        (await errorOf(() => connect('file:other?mode=memory&cache=shared').all('SELECT a FROM kept'))).message,
      ).to.match(/no such table/);
      expect(column(sandbox, 'SELECT name FROM sqlite_schema')).to.deep.equal(['t']);
      sandbox.end();
      begin(sandbox, 'b');
      expect(await second.all('SELECT a FROM kept')).to.deep.equal([]);

      await Promise.all([first.close(), second.close()]);
      const again = connect(NAME);
      expect((await errorOf(() => again.all('SELECT a FROM kept'))).message).to.match(/no such table/);
      await again.close();
    });

    it("are the config's database where it says so", async () => {
      await sandbox.close();
      sandbox = await open(SCHEMA, { file: NAME });
      begin(sandbox, 'a');
      const app = connect(NAME);
      await app.run("INSERT INTO t (a) VALUES ('x')");

      expect(names()).to.deep.equal(['x']);
      await app.close();
    });

    it('leave file::memory:?cache=shared what it was', async () => {
      begin(sandbox, 'a');
      const cache = new packages.AsyncCache(sqlite3, 'file::memory:?cache=shared');
      await cache.set('k', 'v');

      expect(column(sandbox, 'SELECT v FROM kept')).to.deep.equal(['v']);
      await cache.close();
    });
  });
});
