import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { Client, DatabaseError } from 'pg';
import { inEveryPlace, sqlState } from './in-every-place.js';

inEveryPlace('backends', (here) => {
  let a: Client;
  let b: Client;

  beforeEach(async () => {
    a = await here.connect();
    b = await here.connect();
  });

  const numberOf = ({ processID }: { processID?: number | null }): number => Number(processID);
  const asked = async (client: Client): Promise<number> =>
    (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;
  const insert = (client: Client, name: string): Promise<unknown> =>
    client.query('insert into items (name) values ($1)', [name]);
  /** What the client is told when its connection is ended by somebody else. */
  const told = async (client: Client): Promise<unknown> => ((await once(client, 'error'))[0] as DatabaseError).code;

  for (const text of [
    'select pg_terminate_backend(pg_backend_pid())',
    'select pg_terminate_backend(pid) from pg_stat_activity where pid = pg_backend_pid()',
  ])
    it(`one that ends itself: ${text}`, async () => {
      await insert(a, 'Tea');
      await a.query('BEGIN');
      await insert(a, 'Salt');
      expect(await sqlState(a.query(text))).to.equal('57P01');

      expect(await here.names()).to.deep.equal(['Tea']);
      await insert(b, 'Oats');
      await insert(await here.connect(), 'Rice');
      expect(await here.names()).to.deep.equal(['Tea', 'Oats', 'Rice']);
    });

  it('one that is ended by another, by the number that its connection knows', async () => {
    const end = told(a);
    expect((await b.query('select pg_terminate_backend($1) as done', [numberOf(a as never)])).rows).to.deep.equal([
      { done: true },
    ]);
    expect(await end).to.equal('57P01');
    await insert(b, 'Tea');
    expect(await here.names()).to.deep.equal(['Tea']);
  });

  it('one that is ended by another, by the number that it has asked for', async () => {
    await asked(b);
    const pid = await asked(a);
    const end = told(a);
    expect((await b.query(`select pg_terminate_backend(${pid}) as done`)).rows).to.deep.equal([{ done: true }]);
    expect(await end).to.equal('57P01');
    await insert(b, 'Tea');
  });

  it('one that is ended amid a transaction', async () => {
    await a.query('BEGIN');
    await insert(a, 'Tea');
    const end = told(a);
    await b.query('select pg_terminate_backend($1)', [numberOf(a as never)]);
    expect(await end).to.equal('57P01');
    expect(await here.names()).to.deep.equal([]);
  });

  it('one that is ended amid a statement', async () => {
    const pid = await asked(a);
    const sleeping = sqlState(a.query('select pg_sleep(20)'));
    await here.asleep();
    await b.query('select pg_terminate_backend($1)', [pid]);
    expect(await sleeping).to.equal('57P01');
    await insert(b, 'Tea');
  });

  it('one whose statement is cancelled by another', async () => {
    for (const [name, pid] of [
      ['Tea', numberOf(a as never)],
      ['Salt', await asked(a)],
    ] as const) {
      const sleeping = sqlState(a.query('select pg_sleep(20)'));
      await here.asleep();
      expect((await b.query('select pg_cancel_backend($1) as done', [pid])).rows).to.deep.equal([{ done: true }]);
      expect(await sleeping).to.equal('57014');
      await insert(a, name);
    }
    expect(await here.names()).to.deep.equal(['Tea', 'Salt']);
  });

  it('one that cancels itself', async () => {
    expect(await sqlState(a.query('select pg_cancel_backend(pg_backend_pid()), pg_sleep(1)'))).to.equal('57014');
    await insert(a, 'Tea');
  });

  it('one that is not there', async () => {
    expect((await a.query('select pg_terminate_backend(999999) as done')).rows).to.deep.equal([{ done: false }]);
    expect((await a.query('select pg_cancel_backend(999999) as done')).rows).to.deep.equal([{ done: false }]);
  });

  it('one that looks for itself', async () => {
    expect((await a.query('select 1 from pg_stat_activity where pid = pg_backend_pid()')).rows).to.have.length(1);
  });

  describe('while somebody else has the connection', () => {
    /** How the caller asks: each is one statement that does nothing else. */
    const CALLS: readonly (readonly [sql: string, column: string])[] = [
      ['select pg_VERB_backend($1)', 'pg_VERB_backend'],
      ['SELECT pg_catalog.pg_VERB_backend($1::int) AS "Done";', 'Done'],
      ['select pg_VERB_backend(pid) as done from pg_stat_activity where pid = $1', 'done'],
      ['select pg_VERB_backend(a.pid) from pg_stat_activity a where a.pid = $1', 'pg_VERB_backend'],
      ['select * from pg_VERB_backend($1)', 'pg_VERB_backend'],
    ];
    const call = async (
      caller: Client,
      [sql, column]: (typeof CALLS)[number],
      verb: string,
      pid: number,
    ): Promise<void> => {
      const text = sql.replace('VERB', verb);
      const expected = [{ [column.replace('VERB', verb)]: true }];
      expect((await caller.query(text, [pid])).rows, text).to.deep.equal(expected);
    };

    for (const [index, shape] of CALLS.entries()) {
      it(`cancels a statement of its transaction: ${shape[0]}`, async () => {
        await a.query('begin');
        await insert(a, 'Tea');
        const sleeping = sqlState(a.query('select pg_sleep(20)'));
        await here.asleep();
        await call(b, shape, 'cancel', numberOf(a as never));
        expect(await sleeping).to.equal('57014');
        await a.query('rollback');
        await insert(b, 'Salt');
        expect(await here.names()).to.deep.equal(['Salt']);
      });

      it(`ends who has a transaction open and is idle: ${shape[0]}`, async () => {
        const pid = await asked(a);
        await a.query('begin');
        await insert(a, 'Tea');
        const end = told(a);
        await call(b, shape, 'terminate', index % 2 === 0 ? pid : numberOf(a as never));
        expect(await end).to.equal('57P01');
        await insert(b, 'Salt');
        expect(await here.names()).to.deep.equal(['Salt']);
      });
    }

    it('is answered where there is nothing to cancel, by the simple protocol and by statements that are prepared', async () => {
      await a.query('begin');
      await insert(a, 'Tea');
      const pid = numberOf(a as never);
      const result = await b.query(`select pg_cancel_backend(${pid}) as done`);
      expect([result.rows, result.command, result.rowCount, result.fields[0]?.dataTypeID]).to.deep.equal([
        [{ done: true }],
        'SELECT',
        1,
        16,
      ]);
      for (const text of ['select pg_cancel_backend($1) as done', 'select pg_cancel_backend($1) as done'])
        expect((await b.query({ name: 'cancel', text, values: [pid] })).rows).to.deep.equal([{ done: true }]);
      await a.query('commit');
      expect(
        (await b.query({ name: 'cancel', text: 'select pg_cancel_backend($1) as done', values: [pid] })).rows,
      ).to.deep.equal([{ done: true }]);
      await insert(b, 'Salt');
      expect(await here.names()).to.deep.equal(['Tea', 'Salt']);
    });

    it('has a number that nobody has', async () => {
      const sleeping = a.query('select pg_sleep(0.2)');
      await here.asleep();
      expect((await b.query('select pg_cancel_backend($1) as done', [999_999])).rows).to.deep.equal([{ done: false }]);
      await sleeping;
    });

    it('is in a transaction of its own that has failed, or has only begun', async () => {
      await b.query('begin');
      expect((await b.query('select pg_cancel_backend($1) as done', [numberOf(a as never)])).rows).to.deep.equal([
        { done: true },
      ]);
      await sqlState(b.query('select 1/0'));
      const sleeping = a.query('select pg_sleep(0.2)').catch(() => undefined);
      expect(await sqlState(b.query('select pg_cancel_backend($1)', [numberOf(a as never)]))).to.equal('25P02');
      await b.query('rollback');
      await sleeping;
    });
  });

  it('one that waits', async () => {
    const c = await here.connect();
    await a.query('begin');
    await a.query('select pg_advisory_xact_lock(7)');
    // On a server it waits for the lock, in a sandbox for its turn.
    const waiting = sqlState(b.query('select pg_advisory_xact_lock(7)'));
    await pause(30);
    await c.query('select pg_cancel_backend($1)', [numberOf(b as never)]);
    expect(await waiting).to.equal('57014');

    const again = sqlState(b.query('select pg_advisory_xact_lock(7)'));
    await pause(30);
    await c.query('select pg_terminate_backend($1)', [numberOf(b as never)]);
    expect(await again).to.equal('57P01');
    await a.query('commit');
    await insert(c, 'Tea');
  });

  it('hears of its own end behind the answer to who ends it', async () => {
    const order: string[] = [];
    const ended = told(a).then(() => order.push('ended'));
    await b.query('select pg_terminate_backend($1)', [numberOf(a as never)]).then(() => order.push('answered'));
    await ended;
    if (here.kind === 'sandbox') expect(order).to.deep.equal(['answered', 'ended']);
  });
});
