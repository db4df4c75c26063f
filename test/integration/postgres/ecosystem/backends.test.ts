import { once } from 'node:events';
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
});
