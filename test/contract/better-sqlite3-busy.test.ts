import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type BetterSqlite3 from 'better-sqlite3';
import { blockedHost, type Sandbox } from '#src/engine/index.js';
import DropIn from '#src/engine/sqlite/drivers/better-sqlite3.js';
import { open } from '../integration/sqlite/support.js';
import { describeError, real } from './support.js';

type Db = BetterSqlite3.Database;
type Statement = BetterSqlite3.Statement;
type Driver = new (file: string, options?: object) => Db;

const SCHEMA = "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t (a) VALUES ('one'), ('two'), ('three');";
const SELECT = 'SELECT * FROM t ORDER BY id';

/** What an operation has at hand: made before the connection got busy. */
interface Scene {
  readonly db: Db;
  readonly iterated: Statement;
  readonly read: Statement;
  readonly write: Statement;
  readonly returning: Statement;
  readonly transaction: () => unknown;
}

/** Everything that one can do with a connection. */
const OPERATIONS: Readonly<Record<string, (scene: Scene) => unknown>> = {
  // The database
  'prepare a query': ({ db }) => db.prepare('SELECT 1').source,
  'prepare a write': ({ db }) => db.prepare('DELETE FROM t').source,
  'prepare a pragma': ({ db }) => db.prepare('PRAGMA user_version').source,
  'exec of a write': ({ db }) => db.exec('DELETE FROM t') === db,
  'exec of a query': ({ db }) => db.exec('SELECT 1') === db,
  'exec of nothing': ({ db }) => db.exec('') === db,
  'exec of BEGIN': ({ db }) => db.exec('BEGIN').inTransaction,
  'exec of no string': ({ db }) => db.exec(5 as never),
  pragma: ({ db }) => db.pragma('user_version'),
  'pragma that sets': ({ db }) => db.pragma('user_version = 5'),
  'pragma of no string': ({ db }) => db.pragma(5 as never),
  'make a transaction': ({ db }) => typeof db.transaction(() => 1),
  'run a transaction': ({ transaction }) => transaction(),
  function: ({ db }) => db.function('two', () => 2) === db,
  aggregate: ({ db }) => db.aggregate('sum2', { start: 0, step: (total: number, next: number) => total + next }) === db,
  table: ({ db }) => db.table('numbers', numbers) === db,
  'loadExtension of no string': ({ db }) => db.loadExtension(5 as never),
  serialize: ({ db }) => db.serialize().length > 0,
  defaultSafeIntegers: ({ db }) => db.defaultSafeIntegers() === db,
  'defaultSafeIntegers of no boolean': ({ db }) => db.defaultSafeIntegers(5 as never),
  unsafeMode: ({ db }) => db.unsafeMode() === db,
  'unsafeMode of no boolean': ({ db }) => db.unsafeMode(5 as never),
  'unsafeMode, then a write': ({ db, write }) => [db.unsafeMode() === db, write.run()],
  close: ({ db }) => db.close().open,
  properties: ({ db }) => [db.open, db.inTransaction],

  // Another statement
  run: ({ write }) => write.run(),
  'run of a query': ({ read }) => read.run(),
  get: ({ read }) => read.get(),
  all: ({ read }) => read.all(),
  'get of a write': ({ returning }) => returning.get(),
  'all of a write': ({ returning }) => returning.all(),
  iterate: ({ read }) => [...read.iterate()],
  'iterate, begun': ({ read }) => [read.iterate().next(), read.busy],
  'iterate of a write': ({ returning }) => [...returning.iterate()],
  'get of no data': ({ write }) => write.get(),
  'iterate of no data': ({ write }) => write.iterate(),
  bind: ({ db }) => db.prepare('SELECT ?').bind(1).get(),
  modes: ({ read }) => [read.pluck().get(), read.raw().get(), read.expand().get(), read.safeIntegers().get()],
  columns: ({ read }) => read.columns().length,
  'busy of another': ({ read }) => read.busy,
  'run of BEGIN': ({ db }) => db.prepare('BEGIN').run(),

  // The statement that is iterated
  'busy of the same': ({ iterated }) => iterated.busy,
  'run of the same': ({ iterated }) => iterated.run(),
  'get of the same': ({ iterated }) => iterated.get(),
  'all of the same': ({ iterated }) => iterated.all(),
  'iterate of the same': ({ iterated }) => iterated.iterate(),
  'bind of the same': ({ iterated }) => iterated.bind() === iterated,
  'bind of the same, too much': ({ iterated }) => iterated.bind(1),
  'pluck of the same': ({ iterated }) => iterated.pluck() === iterated,
  'raw of the same': ({ iterated }) => iterated.raw() === iterated,
  'expand of the same': ({ iterated }) => iterated.expand() === iterated,
  'safeIntegers of the same': ({ iterated }) => iterated.safeIntegers() === iterated,
  'columns of the same': ({ iterated }) => iterated.columns().length,
};

/** How busy the connection is when the operation comes, and what is looked at afterwards. */
const STATES: Readonly<Record<string, (scene: Scene, operation: () => unknown) => unknown>> = {
  'an iterator that has not begun': ({ iterated }, operation) => {
    const iterator = iterated.iterate();
    return [operation(), [...iterator], iterated.busy];
  },
  'an iterator half-way': ({ iterated }, operation) => {
    const iterator = iterated.iterate();
    return [iterator.next(), operation(), iterator.next(), iterated.busy];
  },
  'an iterator that has given all but its end': ({ iterated }, operation) => {
    const iterator = iterated.iterate();
    return [iterator.next(), iterator.next(), iterator.next(), operation()];
  },
  'an iterator at its end': ({ iterated }, operation) => [[...iterated.iterate()].length, operation(), iterated.busy],
  'an iterator that was left': ({ iterated }, operation) => {
    for (const row of iterated.iterate()) return [row, operation()];
    return [];
  },
  'an iterator behind its return()': ({ iterated }, operation) => {
    const iterator = iterated.iterate();
    const ended = [iterator.next(), iterator.return?.()];
    return [...ended, operation(), iterated.busy, iterator.next(), iterator.return?.('x')];
  },
  'an error amid the loop': ({ iterated }, operation) => {
    try {
      for (const row of iterated.iterate()) throw new Error(JSON.stringify(row));
    } catch {
      return operation();
    }
    return undefined;
  },
  'an error of SQLite amid the loop': ({ db }, operation) => {
    const failing = db.prepare("SELECT CASE id WHEN 2 THEN json('{') ELSE id END AS x FROM t ORDER BY id");
    const seen: unknown[] = [];
    const error = attempt(() => {
      for (const row of failing.iterate()) seen.push(row, failing.busy);
    });
    return [seen, error, failing.busy, operation()];
  },
  'values that do not fit': ({ db }, operation) => {
    const statement = db.prepare('SELECT ?');
    return [attempt(() => statement.iterate()), statement.busy, operation()];
  },
  'two iterators': ({ iterated, db }, operation) => {
    const first = iterated.iterate();
    const second = db.prepare(SELECT).iterate();
    return [[...first].length, operation(), [...second].length];
  },
  'an iterator in unsafe mode': ({ db, iterated }, operation) => {
    db.unsafeMode();
    const iterator = iterated.iterate();
    return [iterator.next(), operation()];
  },
  'unsafe mode turned off again': ({ db, iterated }, operation) => {
    db.unsafeMode(true).unsafeMode(false);
    iterated.iterate().next();
    return operation();
  },
  'an iterator within a transaction': ({ db, iterated }, operation) => {
    db.exec('BEGIN');
    iterated.iterate().next();
    return operation();
  },
  'a user function': ({ db }, operation) => {
    let outcome: unknown;
    db.function('inside', () => {
      outcome = attempt(operation);
      return 1;
    });
    return [db.prepare('SELECT inside() AS x').get(), outcome];
  },
  'a user function in exec': ({ db }, operation) => {
    let outcome: unknown;
    db.function('inside', () => {
      outcome = attempt(operation);
      return 1;
    });
    return [db.exec('SELECT inside(); SELECT 1') === db, outcome];
  },
  'a user function under iterate': ({ db }, operation) => {
    let outcome: unknown;
    db.function('inside', () => {
      outcome = attempt(operation);
      return 1;
    });
    return [[...db.prepare('SELECT inside() AS x').iterate()], outcome];
  },
};

const numbers = {
  columns: ['n'],
  *rows(): Generator<number[]> {
    yield [1];
  },
};

describe('better-sqlite3, busy: the drop-in and the driver', () => {
  const Real = real<Driver>('better-sqlite3');
  const Stand = DropIn as unknown as Driver;
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await open(SCHEMA, {}, blockedHost);
    sandbox.begin({ kind: 'test', title: 'busy' });
  });

  afterEach(() => sandbox.close());

  function both(run: (db: Db, Driver: Driver) => unknown): void {
    const original = new Real(':memory:');
    original.exec(SCHEMA);

    const expected = attempt(() => run(original, Real));
    expect(attempt(() => run(new Stand(':memory:'), Stand))).to.deep.equal(expected);
  }

  for (const [state, busy] of Object.entries(STATES)) {
    describe(state, () => {
      for (const [title, operation] of Object.entries(OPERATIONS)) {
        it(`come to the same: ${title}`, () =>
          both((db) => {
            const scene = sceneOf(db);
            return [busy(scene, () => attempt(() => operation(scene))), attempt(() => db.prepare(SELECT).all())];
          }));
      }
    });
  }

  for (const [title, operation] of Object.entries(OPERATIONS)) {
    it(`come to the same in the logger: ${title}`, () =>
      both((_, Driver) => {
        let outcome: unknown;
        let armed = false;
        const logged: unknown[] = [];
        const db = new Driver(':memory:', {
          verbose: (sql: unknown) => {
            logged.push(sql);
            if (armed) outcome ??= attempt(() => operation(scene));
          },
        });
        if (Driver === Real) db.exec(SCHEMA);
        else logged.push(...SCHEMA.split(/(?<=;) /));
        const scene = sceneOf(db);
        armed = true;
        return [db.prepare('SELECT 1').all(), outcome, [...db.prepare('SELECT 2').iterate()], logged.length];
      }));
  }

  it('iterators look alike', () =>
    both((db) => {
      const statement = db.prepare(SELECT);
      const iterator = statement.iterate() as IterableIterator<unknown> & { statement: unknown };
      return {
        itself: iterator[Symbol.iterator]() === iterator,
        statement: iterator.statement === statement,
        name: iterator.constructor.name,
        methods: ['next', 'return', 'throw', 'map', 'toArray'].map((name) => name in iterator),
      };
    }));

  it('nothing runs before the first row is asked for', () =>
    both((db, Driver) => {
      const logged: unknown[] = [];
      const loud = new Driver(':memory:', { verbose: (sql: unknown) => logged.push(sql) });
      const iterator = loud.prepare('SELECT ? AS x').iterate(1);
      const before = logged.length;
      return [before, iterator.next(), logged, db.open];
    }));

  it('an error of the logger ends the iterator', () =>
    both((_, Driver) => {
      const loud = new Driver(':memory:', {
        verbose: (sql: unknown) => {
          if (String(sql).includes('2')) throw new Error('no log');
        },
      });
      const statement = loud.prepare('SELECT 2');
      const iterator = statement.iterate();
      return [attempt(() => iterator.next()), iterator.next(), statement.busy, loud.exec('SELECT 1') === loud];
    }));

  it('statements keep their properties behind close()', () =>
    both((db) => {
      const { read, write } = sceneOf(db);
      db.close();
      return [
        read.reader,
        write.readonly,
        read.busy,
        read.pluck() === read,
        attempt(() => read.columns()),
        attempt(() => read.bind()),
        attempt(() => read.iterate()),
        attempt(() => write.get()),
        attempt(() => db.transaction(() => 1)()),
      ];
    }));

  it('backup is refused by none but a running statement', async () => {
    const file = join(tmpdir(), `lockstep-busy-${process.pid}.db`);
    const outcome = async (Driver: Driver): Promise<unknown> => {
      const db = new Driver(':memory:');
      let inside: Promise<unknown> = Promise.resolve('never');
      db.function('inside', () => {
        inside = db.backup(file).then(
          () => 'made',
          (error: unknown) => describeError(error),
        );
        return 1;
      });
      db.prepare('SELECT 1').iterate().next();
      const under = await db.backup(file).then(({ remainingPages }) => remainingPages, describeError);
      return [under, db.prepare('SELECT inside()').pluck().get() === 1 && (await inside)];
    };

    try {
      // The driver looks at the folder first, and is no longer busy by then.
      expect(await outcome(Stand)).to.deep.equal(await outcome(Real));
    } finally {
      rmSync(file, { force: true });
    }
  });

  it('an iterator that a test has left bars none but that test', () => {
    const db = new Stand(':memory:');
    const read = db.prepare(SELECT);
    read.iterate().next();
    expect(() => db.exec('DELETE FROM t')).to.throw(TypeError, 'busy executing a query');

    sandbox.end();
    sandbox.begin({ kind: 'test', title: 'the next' });

    expect(read.busy).to.equal(false);
    expect(db.exec('DELETE FROM t').inTransaction).to.equal(false);
    expect(read.all()).to.deep.equal([]);
  });

  it('other connections may write meanwhile', () => {
    const db = new Stand(':memory:');
    const iterator = db.prepare(SELECT).iterate();
    iterator.next();

    expect(new Stand(':memory:').prepare('DELETE FROM t').run().changes).to.equal(3);
    expect([...iterator]).to.have.length(2);
    expect(sandbox.session.execute('SELECT count(*) AS n FROM t').rows).to.deep.equal([{ n: 0 }]);
  });

  it('an iterator has no turn, so that a transaction of another may go on', () => {
    const db = new Stand(':memory:');
    const other = new Stand(':memory:');
    const iterator = db.prepare(SELECT).iterate();
    iterator.next();
    other.exec('BEGIN');

    expect([...iterator]).to.have.length(2);
    expect(other.exec('COMMIT').inTransaction).to.equal(false);
  });
});

function sceneOf(db: Db): Scene {
  const write = db.prepare("UPDATE t SET a = 'x' WHERE id = 1");

  return {
    db,
    iterated: db.prepare(SELECT),
    read: db.prepare('SELECT id, a FROM t ORDER BY id'),
    write,
    returning: db.prepare("INSERT INTO t (id, a) VALUES (9, 'new') RETURNING a"),
    transaction: db.transaction(() => write.run()),
  };
}

function attempt(action: () => unknown): unknown {
  try {
    return { result: action() };
  } catch (error) {
    return { error: describeError(error) };
  }
}
