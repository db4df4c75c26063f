import { expect } from 'chai';
import type { Sandbox } from '#src/engine/index.js';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import { begin, column, connect, errorOf, open } from './support.js';

const SCHEMA = 'CREATE TABLE t (a UNIQUE)';
const INSERT = 'INSERT INTO t VALUES (1)';
const ALL = 'SELECT a FROM t';

describe('SQLite stragglers', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await open(SCHEMA);
    begin(sandbox, 'the first');
  });

  afterEach(() => sandbox.close());

  it('are refused between tests, naming the test that ended', async () => {
    const app = connect();
    const sync = new Database(':memory:');
    sandbox.end();

    for (const error of [await errorOf(() => app.run(INSERT)), await errorOf(() => sync.exec(INSERT))]) {
      expect(error).to.include({ code: 'LOCKSTEP_STRAGGLER' });
      expect(error.message).to.contain('"the first"');
    }
  });

  it('are refused in the next test when they were sent before', async () => {
    const sent = errorOf(() => connect().run(INSERT));
    sandbox.end();
    begin(sandbox, 'the second');

    expect((await sent).message).to.contain('after "the first" had ended');
    expect(column(sandbox, ALL)).to.deep.equal([]);
  });

  it('that wait for their turn are sent away at the end', async () => {
    const holder = connect();
    await holder.run('BEGIN');
    const waiting = errorOf(() => connect().run(INSERT));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(sandbox.leftovers().map(({ kind }) => kind)).to.deep.equal(['transaction', 'statement']);

    sandbox.end();
    expect(await waiting).to.include({ code: 'LOCKSTEP_STRAGGLER' });
    expect(sandbox.leftovers()).to.deep.equal([]);
  });

  it('are described as long as the app believes in its transaction', async () => {
    const app = connect();
    await app.run('BEGIN');
    await app.run(INSERT);
    sandbox.end();
    begin(sandbox, 'the second');

    const [told, ...more] = sandbox.cutConnections();
    expect(told?.connection).to.match(/^sqlite3 connection \d+$/);
    expect(told).to.include({ title: 'the first', lastSql: INSERT });
    expect(more).to.deep.equal([]);

    await errorOf(() => app.run('INSERT INTO t VALUES (2)'));
    expect(sandbox.cutConnections()).to.have.length(1);
    await errorOf(() => app.run('COMMIT'));
    expect(sandbox.cutConnections()).to.deep.equal([]);
  });

  for (const [how, over] of [
    ['begins anew', (app: ReturnType<typeof connect>) => app.run('BEGIN')],
    ['is closed', (app: ReturnType<typeof connect>) => app.close()],
  ] as const) {
    it(`are no longer described when the connection ${how}`, async () => {
      const app = connect();
      await app.run('BEGIN');
      sandbox.end();
      begin(sandbox, 'the second');
      await over(app);

      expect(sandbox.cutConnections()).to.deep.equal([]);
    });
  }

  it('cannot go on with a transaction of the test before', async () => {
    const app = connect();
    await app.run('BEGIN');
    await app.run(INSERT);
    sandbox.end();
    begin(sandbox, 'the second');

    const late = await errorOf(() => app.run('INSERT INTO t VALUES (2)'));
    expect(late.message).to.contain('after "the first" had ended, in the transaction that this test left open');
    expect(column(sandbox, ALL)).to.deep.equal([]);
  });

  for (const ending of ['COMMIT', 'ROLLBACK']) {
    it(`have their connection back after the late ${ending}`, async () => {
      const app = connect();
      await app.run('BEGIN');
      sandbox.end();
      begin(sandbox, 'the second');

      expect(await errorOf(() => app.run(ending))).to.include({ code: 'LOCKSTEP_STRAGGLER' });
      await app.run(INSERT);
      expect(column(sandbox, ALL)).to.deep.equal([1]);
    });
  }

  it('have it back when a savepoint was the transaction, and is released', async () => {
    const app = connect();
    await app.run('SAVEPOINT a');
    await app.run('SAVEPOINT b');
    sandbox.end();
    begin(sandbox, 'the second');

    await errorOf(() => app.run('RELEASE b'));
    expect(await errorOf(() => app.run(INSERT))).to.include({ code: 'LOCKSTEP_STRAGGLER' });
    await errorOf(() => app.run('RELEASE a'));
    await app.run(INSERT);
  });

  it('give way to a new owner, who begins a transaction', async () => {
    const app = connect();
    await app.run('BEGIN');
    sandbox.end();
    begin(sandbox, 'the second');

    await app.exec(`BEGIN; ${INSERT}; COMMIT`);
    expect(column(sandbox, ALL)).to.deep.equal([1]);
  });

  it('do not become a new owner by a BEGIN of the test before', async () => {
    const app = connect();
    await app.run('BEGIN');
    const late = errorOf(() => app.run('BEGIN'));
    sandbox.end();
    begin(sandbox, 'the second');

    expect(await late).to.include({ code: 'LOCKSTEP_STRAGGLER' });
    expect(await errorOf(() => app.run(INSERT))).to.include({ code: 'LOCKSTEP_STRAGGLER' });
  });

  it('do not bar the next test', async () => {
    await connect().run('BEGIN');
    sandbox.end();
    begin(sandbox, 'the second');

    await connect().run(INSERT);
    expect(column(sandbox, ALL)).to.deep.equal([1]);
  });

  it("are not the session's: what it left open is simply over", () => {
    sandbox.session.execute('BEGIN');
    sandbox.session.execute(INSERT);
    expect(sandbox.leftovers()).to.deep.equal([]);
    sandbox.end();
    begin(sandbox, 'the second');

    expect(sandbox.session.inTransaction).to.equal(false);
    expect(column(sandbox, ALL)).to.deep.equal([]);
  });

  it('are cut off from a layer when its test begins', async () => {
    const app = connect();
    sandbox.end();
    begin(sandbox, 'a layer', 'layer');
    await app.run('BEGIN');
    await app.run(INSERT);
    begin(sandbox, 'its test');

    expect(column(sandbox, ALL)).to.deep.equal([]);
    expect(await errorOf(() => app.run('COMMIT'))).to.include({ code: 'LOCKSTEP_STRAGGLER' });
  });
});
