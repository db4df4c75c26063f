import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import type pg from 'pg';
import { HoldTimeoutError, SandboxLostError, StallError } from '#src/errors.js';
import { socketIn } from './raw.js';
import { testServer } from './server.js';
import { asleep, connected, inTest, useSandbox } from './sandbox.js';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const failure = (work: Promise<unknown>): Promise<pg.DatabaseError> =>
  work.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error as pg.DatabaseError,
  );
const thrown = (work: () => unknown): Error => {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  return expect.fail('it did not throw');
};
const test = { kind: 'test', title: 'a test' } as const;

describe('postgres: what goes wrong', () => {
  const at = useSandbox('faults_test', 'CREATE TABLE item (id int PRIMARY KEY)', {
    stallTimeout: 150,
    holdTimeout: 700,
  });
  let one: pg.Client;
  let two: pg.Client;

  /** Sends a cancel request; done when the relay has got it. */
  const send = async (request: Buffer): Promise<void> => {
    const socket = connect(socketIn(new URL(at().url).searchParams.get('host') ?? ''));
    socket.resume().end(request);
    await once(socket, 'close');
  };

  beforeEach(async () => {
    one = await connected(at().url);
    two = await connected(at().url);
  });
  afterEach(async () => {
    await one.end();
    await two.end();
  });

  it('names both connections when a transaction keeps others waiting', async () => {
    await inTest(at(), async () => {
      await one.query('BEGIN');
      await one.query('INSERT INTO item VALUES (1)');
      const error = await failure(two.query('SELECT 2'));
      expect(error).to.include({ code: '55P03', severity: 'ERROR' });
      expect(error.message)
        .to.match(/LOCKSTEP_STALL/)
        .and.match(/"SELECT 2"/)
        .and.match(/INSERT INTO item/);
      await one.query('COMMIT');
      expect((await two.query('SELECT * FROM item')).rowCount).to.equal(1);
    });
  });

  it('lets nobody wait for a transaction that has only begun', async () => {
    await inTest(at(), async () => {
      await one.query('BEGIN');
      await two.query('BEGIN');
      expect((await two.query('INSERT INTO item VALUES (1)')).rowCount).to.equal(1);
      const failed = failure(one.query('SELECT 1'));
      expect((await failed).message).to.match(/LOCKSTEP_STALL/);
      expect(await failure(one.query('SELECT 1'))).to.include({ code: '25P02' });
      expect((await one.query('COMMIT')).command).to.equal('ROLLBACK');
      await two.query('COMMIT');
      at().sandbox.session.execute('BEGIN');
      expect((await one.query('SELECT * FROM item')).rowCount).to.equal(1);
      at().sandbox.session.execute('COMMIT');
    });
  });

  it('cuts a connection whose transaction has only begun, too', async () => {
    at().sandbox.begin(test);
    await one.query('BEGIN READ ONLY');
    expect(
      at()
        .sandbox.leftovers()
        .map(({ kind }) => kind),
    ).to.deep.equal(['transaction']);
    at().sandbox.end();
    await inTest(at(), async () => {
      expect((await failure(one.query('INSERT INTO item VALUES (1)'))).message).to.match(/LOCKSTEP_STRAGGLER/);
      await failure(one.query('COMMIT'));
      expect((await one.query('INSERT INTO item VALUES (1)')).rowCount).to.equal(1);
    });
  });

  it('tells the session at once when a transaction cannot go on', async () => {
    await inTest(at(), async () => {
      await one.query('BEGIN');
      await one.query('INSERT INTO item VALUES (9)');
      const error = thrown(() => at().sandbox.session.execute('SELECT 1'));
      expect(error).to.be.instanceOf(StallError);
      expect(error.message).to.match(/session cannot run "SELECT 1"/);
      await one.query('ROLLBACK');
      expect(at().sandbox.session.execute('SELECT 1 AS n').rows).to.deep.equal([{ n: '1' }]);
    });
  });

  it('lets the session wait for a statement that is running', async () => {
    await inTest(at(), async () => {
      const slow = one.query('SELECT pg_sleep(0.1)');
      await pause(20);
      expect(at().sandbox.session.execute('SELECT 1 AS n').rows).to.deep.equal([{ n: '1' }]);
      await slow;
    });
  });

  it('fails who waits for a transaction that goes on for too long', async () => {
    await inTest(at(), async () => {
      await one.query('BEGIN');
      await one.query('INSERT INTO item VALUES (9)');
      let waiting = true;
      const error = failure(two.query('SELECT 2')).finally(() => (waiting = false));
      while (waiting) {
        await one.query('SELECT 1');
        await pause(10);
      }
      expect((await error).message).to.match(/LOCKSTEP_HOLD_TIMEOUT/);
      await one.query('COMMIT');
    });
    expect(HoldTimeoutError).to.be.a('function');
  });

  it('makes the app wait for a transaction of the session, but not for ever', async () => {
    await inTest(at(), async () => {
      const { session } = at().sandbox;
      session.execute('BEGIN');
      session.execute('SELECT 2');
      expect(session.inTransaction).to.equal(true);
      expect((await failure(one.query('SELECT 1'))).message).to.match(/session has held the database/);
      session.execute('COMMIT');
      expect(session.inTransaction).to.equal(false);
      expect((await one.query('SELECT 1')).rowCount).to.equal(1);
    });
  });

  it('refuses queries between tests, and says which test has ended', async () => {
    await inTest(at(), () => one.query('SELECT 1'), 'the first test');
    const error = await failure(one.query('SELECT 1'));
    expect(error).to.include({ code: '57P01' });
    expect(error.message)
      .to.match(/LOCKSTEP_STRAGGLER/)
      .and.match(/the first test/);
    expect(thrown(() => at().sandbox.session.execute('SELECT 1'))).to.have.property('code', '57P01');
    await inTest(at(), () => one.query('SELECT 1'));
  });

  it('cuts a connection whose transaction outlives its test', async () => {
    const { sandbox } = at();
    sandbox.begin(test);
    await one.query('BEGIN');
    await one.query('INSERT INTO item VALUES (1)');
    const connection = sandbox.leftovers()[0]?.connection;
    expect(sandbox.leftovers()).to.deep.equal([
      { kind: 'transaction', connection, lastSql: 'INSERT INTO item VALUES (1)', idle: true },
    ]);
    expect(sandbox.describe().join()).to.match(/has a transaction open, idle for \d+ ms after "INSERT/);
    sandbox.end();

    await inTest(at(), async () => {
      expect(sandbox.leftovers()).to.deep.equal([]);
      expect((await failure(one.query('INSERT INTO item VALUES (2)'))).message).to.match(/LOCKSTEP_STRAGGLER/);
      expect((await two.query('SELECT * FROM item')).rowCount).to.equal(0);
      await failure(one.query('COMMIT'));
      expect((await one.query('SELECT * FROM item')).rowCount).to.equal(0);
    });
  });

  it('lets BEGIN make a cut connection new', async () => {
    at().sandbox.begin(test);
    await one.query('BEGIN');
    at().sandbox.end();
    await inTest(at(), async () => {
      expect((await one.query('BEGIN')).command).to.equal('BEGIN');
      expect((await one.query('COMMIT')).command).to.equal('COMMIT');
    });
  });

  it('stops a statement that outlives its test', async () => {
    const { sandbox } = at();
    sandbox.begin(test);
    const sleeping = failure(one.query('SELECT pg_sleep(30)'));
    await asleep(at());
    expect(sandbox.leftovers().map(({ kind, lastSql }) => [kind, lastSql])).to.deep.equal([
      ['statement', 'SELECT pg_sleep(30)'],
    ]);
    sandbox.end();
    expect((await sleeping).message).to.match(/LOCKSTEP_STRAGGLER/);
    await inTest(at(), async () => expect((await one.query('SELECT 1')).rowCount).to.equal(1));
  });

  it('fails whoever waits at the end of a test', async () => {
    const { sandbox } = at();
    sandbox.begin(test);
    await one.query('BEGIN');
    await one.query('INSERT INTO item VALUES (9)');
    const waiting = failure(two.query('SELECT 1'));
    await pause(20);
    sandbox.end();
    expect((await waiting).message).to.match(/LOCKSTEP_STRAGGLER/);
    await inTest(at(), () => failure(one.query('ROLLBACK')));
  });

  it('sees a query that the app has only just sent', async () => {
    const { sandbox } = at();
    sandbox.begin(test);
    await one.query('SELECT 1');
    const late = one.query('SELECT pg_sleep(0.05)');
    expect(sandbox.leftovers().map(({ lastSql }) => lastSql)).to.deep.equal(['SELECT pg_sleep(0.05)']);
    await late;
    expect(sandbox.leftovers()).to.deep.equal([]);
    sandbox.end();
  });

  it('rolls back what a client that disconnects had open', async () => {
    await inTest(at(), async () => {
      const gone = await connected(at().url);
      await gone.query('BEGIN');
      await gone.query('INSERT INTO item VALUES (1)');
      (gone as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      expect((await two.query('SELECT * FROM item')).rowCount).to.equal(0);
    });
  });

  it('refuses what would escape the rollback', async () => {
    await inTest(at(), async () => {
      for (const sql of ['CREATE DATABASE x', "PREPARE TRANSACTION 'x'", 'ALTER SYSTEM SET work_mem = 1']) {
        const error = await failure(one.query(sql));
        expect(error).to.include({ code: '0A000' });
        expect(error.message).to.match(/LOCKSTEP_REFUSED/);
        expect(await failure(one.query({ text: sql, values: [], name: '' }))).to.include({ code: '0A000' });
      }
      await one.query('BEGIN');
      await failure(one.query('CREATE DATABASE x'));
      expect(await failure(one.query('SELECT 1'))).to.include({ code: '25P02' });
      await one.query('ROLLBACK');
      await one.query("CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'");
      expect(await failure(one.query('CALL p()'))).to.include({ code: '2D000' });
    });
  });

  it('keeps the fixtures of layers for their tests', async () => {
    const { sandbox } = at();
    sandbox.begin({ kind: 'layer', title: 'a suite' });
    await one.query('INSERT INTO item VALUES (1)');
    for (const round of [1, 2]) {
      await inTest(at(), async () => {
        await two.query('INSERT INTO item VALUES (2)');
        await failure(two.query('INSERT INTO item VALUES (2)'));
        expect((await one.query('SELECT * FROM item')).rowCount).to.equal(2, `round ${round}`);
      });
    }
    sandbox.resume();
    expect((await one.query('SELECT * FROM item')).rowCount).to.equal(1);
    sandbox.end();
    await inTest(at(), async () => expect((await one.query('SELECT * FROM item')).rowCount).to.equal(0));
  });

  it('knows the constraints of each layer', async () => {
    const { sandbox } = at();
    const violation = async (): Promise<string | undefined> => {
      const [outcome] = await Promise.allSettled([one.query('INSERT INTO late VALUES (9)')]);
      return outcome.status === 'rejected' ? (outcome.reason as pg.DatabaseError).code : undefined;
    };
    sandbox.begin({ kind: 'layer', title: 'a suite' });
    await one.query('CREATE TABLE late (id int REFERENCES item DEFERRABLE INITIALLY DEFERRED)');
    await inTest(at(), async () => expect(await violation()).to.equal('23503'));

    sandbox.begin({ kind: 'layer', title: 'a suite inside' });
    await one.query('ALTER TABLE late DROP CONSTRAINT late_id_fkey');
    for (const round of [1, 2])
      await inTest(at(), async () => expect(await violation()).to.equal(undefined, `round ${round}`));
    sandbox.end();
    await inTest(at(), async () => expect(await violation()).to.equal('23503'));
    sandbox.end();
  });

  it('tells the observer of each statement', async () => {
    const { sandbox } = at();
    const seen: unknown[] = [];
    sandbox.observer = ({ database, sql, rows, error }) => {
      expect(database).to.equal('main');
      seen.push([sql, rows, error?.code]);
    };
    await inTest(at(), async () => {
      await one.query('INSERT INTO item VALUES (1), (2)');
      await one.query('SELECT * FROM item WHERE id > $1', [0]);
      await failure(one.query('INSERT INTO item VALUES (1)'));
      sandbox.session.execute('SELECT 1');
    });
    sandbox.observer = undefined;
    expect(seen).to.deep.equal([
      ['INSERT INTO item VALUES (1), (2)', 2, undefined],
      ['SELECT * FROM item WHERE id > $1', 2, undefined],
      ['INSERT INTO item VALUES (1)', 0, '23505'],
      ['SELECT 1', 1, undefined],
    ]);
  });

  it('goes on after a whole batch that fails before the first commit', async () => {
    // After a change of the schema it is not known which constraints are deferred.
    await inTest(at(), () => one.query('CREATE TABLE later (id int)'));
    await inTest(at(), async () => {
      const twofold = { text: 'SELECT 1; SELECT 2', queryMode: 'extended' } as pg.QueryConfig;
      expect(await failure(one.query(twofold))).to.include({ code: '42601' });
      expect((await two.query('SELECT 1')).rowCount).to.equal(1);
      expect((await one.query('SELECT 1')).rowCount).to.equal(1);
    });
  });

  it('cuts the connection whose test ends inside a row', async () => {
    const { sandbox } = at();
    const reader = await connected(at().url);
    const { stream } = (reader as unknown as { connection: { stream: Socket } }).connection;
    sandbox.begin(test);
    const first = new Promise((resolve) => stream.once('data', resolve));
    // One row that is far longer than what a socket holds.
    const reading = failure(reader.query("SELECT repeat('x', 100000000)"));
    await first;
    sandbox.end();
    await inTest(at(), async () => {
      expect((await reading).message).to.match(/Connection terminated/);
      expect((await two.query('SELECT 1')).rowCount).to.equal(1);
    });
  });

  it('lets nobody wait for a statement whose client has gone', async () => {
    await inTest(at(), async () => {
      for (const sql of ['SELECT pg_sleep(20)', 'BEGIN; SELECT pg_sleep(20)']) {
        const gone = await connected(at().url);
        const sleeping = failure(gone.query(sql));
        await asleep(at());
        (gone as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
        await sleeping;
        expect((await two.query('INSERT INTO item VALUES (1)')).rowCount).to.equal(1);
        expect(at().sandbox.session.execute('DELETE FROM item').rows).to.deep.equal([]);
      }
    });
  });

  it('lets the session wait for a cancel request that is under way', async () => {
    await inTest(at(), async () => {
      const { processID, secretKey } = one as unknown as { processID: number; secretKey: number };
      const request = Buffer.alloc(16);
      for (const [index, value] of [16, 80877102, processID, secretKey].entries())
        request.writeInt32BE(value, index * 4);
      for (let round = 0; round < 10; round += 1) {
        await one.query('BEGIN');
        const sleeping = failure(one.query('SELECT pg_sleep(20)'));
        await asleep(at());
        const requested = send(request);
        expect(await sleeping).to.include({ code: '57014' });
        await one.query('ROLLBACK');
        expect(at().sandbox.session.execute('SELECT 1 AS n').rows).to.deep.equal([{ n: '1' }]);
        await requested;
      }
    });
  });

  it('cancels nothing but the statement that several cancel requests are meant for', async function () {
    // Each request starts a process of the server's: 240 of them, which takes a busy machine long.
    this.timeout(60_000);
    await inTest(at(), async () => {
      const { processID, secretKey } = one as unknown as { processID: number; secretKey: number };
      const request = Buffer.alloc(16);
      for (const [index, value] of [16, 80877102, processID, secretKey].entries())
        request.writeInt32BE(value, index * 4);
      for (let round = 0; round < 30; round += 1) {
        const sleeping = failure(one.query('SELECT pg_sleep(20)'));
        await asleep(at());
        const next = two.query('SELECT pg_sleep(0.01), 1 AS n');
        const requested = Array.from({ length: 8 }, () => send(request));
        expect(await sleeping).to.include({ code: '57014' });
        expect((await next).rows).to.have.length(1);
        // One that came later would meet the statement of the next round, before its own.
        await Promise.all(requested);
      }
    });
  });

  it('ends the transaction that cannot be prepared', async () => {
    await inTest(at(), async () => {
      for (const queryMode of ['simple', 'extended']) {
        await one.query('BEGIN');
        await one.query('INSERT INTO item VALUES (1)');
        const prepare = { text: "PREPARE TRANSACTION 'x'", queryMode } as pg.QueryConfig;
        expect(await failure(one.query(prepare))).to.include({ code: '0A000' });
        expect((await two.query('SELECT * FROM item')).rowCount).to.equal(0);
        expect((await one.query('INSERT INTO item VALUES (1)')).rowCount).to.equal(1);
        await one.query('DELETE FROM item');
      }
    });
  });

  it('unlocks what a test has locked', async () => {
    const direct = await connected(at().direct);
    for (const values of [undefined, [44]]) {
      await inTest(at(), async () => {
        await one.query(values === undefined ? 'SELECT pg_advisory_lock(44)' : 'SELECT pg_advisory_lock($1)', values);
        const { rows } = await direct.query('SELECT pg_try_advisory_lock(44) AS free');
        expect(rows).to.deep.equal([{ free: false }]);
      });
      const { rows } = await direct.query('SELECT pg_try_advisory_lock(44) AS free, pg_advisory_unlock(44) AS held');
      expect(rows).to.deep.equal([{ free: true, held: true }]);
    }
    await direct.end();
  });

  it('goes back to the settings that a client came with', async () => {
    const config = { connectionString: at().url, application_name: 'c', options: '-c work_mem=5MB' };
    const show = async (client: pg.Client, name: string): Promise<unknown> =>
      (await client.query<Record<string, unknown>>(`SHOW ${name}`)).rows[0]?.[name];
    await inTest(at(), async () => {
      const first = await connected(config);
      expect(await show(first, 'application_name')).to.equal('c');
      await first.query("SET application_name = 'd'");
      await first.query('RESET application_name');
      expect(await show(first, 'application_name')).to.equal('c');
      await first.query("SET application_name = 'd'");
      await first.query({ text: 'RESET ALL', queryMode: 'extended' } as pg.QueryConfig);
      expect(await show(first, 'application_name')).to.equal('c');
      await first.query('DISCARD ALL');
      expect(await show(first, 'work_mem')).to.equal('5MB');

      const second = await connected(config);
      expect(await show(second, 'application_name')).to.equal('c');
      expect(await show(two, 'application_name')).to.equal('');
      expect(await show(first, 'application_name')).to.equal('c');
      await first.end();
      await second.end();
    });
  });

  it('closes without a word where no client begins', async () => {
    const socket = connect(socketIn(new URL(at().url).searchParams.get('host') ?? ''));
    const said: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => said.push(bytes));
    socket.write(Buffer.from('X\0\0\0\x04'));
    await new Promise((resolve) => socket.once('close', resolve));
    expect(Buffer.concat(said).toString()).to.equal('');
  });

  it('fails the test whose server connection is cut, and the next one works', async () => {
    const { sandbox } = at();
    sandbox.begin(test);
    await one.query('INSERT INTO item VALUES (1)');
    const direct = await connected(at().direct);
    const running = failure(one.query('SELECT pg_sleep(20)'));
    await asleep(at());
    await direct.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
      ['faults_test'],
    );
    await direct.end();
    expect((await running).message).to.match(/terminating connection due to administrator command/);
    expect(thrown(() => sandbox.end())).to.be.instanceOf(SandboxLostError);
    await inTest(at(), async () => expect((await one.query('SELECT * FROM item')).rowCount).to.equal(0));
  });

  it('fails the test during which the server is killed, and works when it is back', async function () {
    this.timeout(20_000);
    const { sandbox } = at();
    sandbox.begin(test);
    await one.query('INSERT INTO item VALUES (1)');
    const running = failure(one.query('SELECT pg_sleep(20)'));
    await asleep(at());
    await (await testServer()).restart();
    expect((await running).message).to.match(/LOCKSTEP_SANDBOX_LOST/);
    expect(thrown(() => sandbox.end())).to.be.instanceOf(SandboxLostError);
    await inTest(at(), async () => {
      expect((await one.query('SELECT * FROM item')).rowCount).to.equal(0);
      expect(sandbox.session.execute('SELECT 1 AS n').rows).to.deep.equal([{ n: '1' }]);
    });
  });
});
