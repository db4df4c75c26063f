import { expect } from 'chai';
import { blockedHost, type Host, type Sandbox } from '#src/engine/index.js';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import { begin, column, connect, errorOf, open } from './support.js';

const SCHEMA = 'CREATE TABLE t (a)';
const INSERT = 'INSERT INTO t VALUES (1)';
const COUNT = 'SELECT count(*) FROM t';

describe('SQLite turns', () => {
  let sandbox: Sandbox;

  const start = async (host: Host = blockedHost, patience = {}): Promise<void> => {
    sandbox = await open(SCHEMA, patience, host);
    begin(sandbox, 'a test');
  };

  afterEach(() => sandbox.close());

  it('fails a query that waits for an idle transaction, naming both', async () => {
    await start();
    const holder = connect();
    const waiter = connect();
    await holder.run('BEGIN');
    await holder.run(INSERT);

    const began = performance.now();
    const error = await errorOf(() => waiter.all(COUNT));
    expect(error).to.include({ code: 'LOCKSTEP_STALL' });
    expect(error.message).to.match(/^sqlite3 connection \d+ cannot run "SELECT count.*: sqlite3 connection \d+ has/);
    expect(error.message).to.contain(INSERT);
    expect(performance.now() - began).to.be.at.least(50);
  });

  it('lets a query wait for a transaction that goes on', async () => {
    await start();
    const holder = connect();
    const waiter = connect();
    await holder.run('BEGIN EXCLUSIVE');

    const waiting = waiter.all(COUNT);
    for (let step = 0; step < 5; step += 1) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      await holder.run(INSERT);
    }
    await holder.run('COMMIT');
    expect(await waiting).to.deep.equal([{ 'count(*)': 5 }]);
  });

  it('fails a query for which a transaction never ends', async () => {
    await start(blockedHost, { stallTimeout: 60, holdTimeout: 150 });
    const holder = connect();
    const waiter = connect();
    await holder.run('BEGIN EXCLUSIVE');

    let over = false;
    const waiting = errorOf(() => waiter.all(COUNT)).finally(() => (over = true));
    while (!over) {
      await holder.run(INSERT);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await waiting).to.include({ code: 'LOCKSTEP_HOLD_TIMEOUT' });
    await holder.run('ROLLBACK');
  });

  it('does not blame a holder whose thread was blocked', async () => {
    await start();
    const holder = connect();
    const waiter = connect();
    await holder.run('BEGIN EXCLUSIVE');

    const waiting = waiter.all(COUNT);
    await new Promise((resolve) => setImmediate(resolve));
    const until = performance.now() + 200;
    while (performance.now() < until);
    await holder.run('COMMIT');
    expect(await waiting).to.have.length(1);
  });

  it('serves in the order of asking', async () => {
    await start();
    const holder = connect();
    await holder.run('BEGIN EXCLUSIVE');

    const order: number[] = [];
    const waiting = [1, 2, 3].map((number) =>
      connect()
        .run(INSERT)
        .then(() => order.push(number)),
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
    await holder.run('COMMIT');
    await Promise.all(waiting);
    expect(order).to.deep.equal([1, 2, 3]);
  });

  it('refuses the session at once where nobody could finish the transaction', async () => {
    await start();
    await connect().run('BEGIN EXCLUSIVE');
    expect(() => sandbox.session.execute(COUNT)).to.throw(/^session cannot run .* waiting here would block/s);
  });

  it('lets the session wait where the app can go on', async () => {
    const app: { finish?: () => void } = {};
    await start({
      ...blockedHost,
      canWait: () => true,
      waitUntil: (done) => {
        app.finish?.();
        return done();
      },
    });
    const holder = new Database(':memory:');
    holder.exec(`BEGIN EXCLUSIVE; ${INSERT}`);
    app.finish = () => holder.exec('COMMIT');
    expect(column(sandbox, COUNT)).to.deep.equal([1]);
  });

  it('fails the session when waiting did not help', async () => {
    await start({ ...blockedHost, canWait: () => true, waitUntil: () => false });
    new Database(':memory:').exec('BEGIN EXCLUSIVE');
    expect(() => sandbox.session.execute(COUNT)).to.throw(/session cannot run .* did not end/s);
    expect(sandbox.describe()).to.have.length(1);
  });

  it('gives the turn back when an error of the app ends the wait', async () => {
    const app: { finish?: () => void } = {};
    await start({
      ...blockedHost,
      canWait: () => true,
      waitUntil: () => {
        app.finish?.();
        throw new Error('of the app');
      },
    });
    const holder = new Database(':memory:');
    holder.exec('BEGIN EXCLUSIVE');
    app.finish = () => holder.exec('COMMIT');
    expect(() => sandbox.session.execute(COUNT)).to.throw('of the app');
    holder.exec(INSERT);
  });

  it('answers a synchronous driver with SQLITE_BUSY', async () => {
    await start();
    const app = new Database(':memory:');
    await connect().run('BEGIN EXCLUSIVE');

    const error = await errorOf(() => app.prepare(COUNT).get());
    expect(error).to.include({ name: 'SqliteError', code: 'SQLITE_BUSY' });
    expect(error.cause).to.include({ code: 'LOCKSTEP_STALL' });
    expect(error).to.be.instanceOf(Database.SqliteError);
  });

  it('holds the app back while the session has a transaction open', async () => {
    await start();
    sandbox.session.execute('BEGIN');
    expect(sandbox.session.inTransaction).to.equal(true);

    const error = await errorOf(() => connect().all(COUNT));
    expect(error.message).to.contain('session has');
    sandbox.session.execute('COMMIT');
    expect(await connect().all(COUNT)).to.have.length(1);
  });
});
