import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { Client, ClientConfig, DatabaseError } from 'pg';
import { inEveryPlace, sqlState, value } from './in-every-place.js';

const IDLE = 'idle_in_transaction_session_timeout';
const SHORT = 150;
const LONGER = 400;

/** The ways in which an app sets a timeout. */
const WAYS: readonly (readonly [way: string, config: ClientConfig, sql?: string | readonly [string, string[]]])[] = [
  ['by the driver', { idle_in_transaction_session_timeout: SHORT }],
  ['by the startup option', { options: `-c ${IDLE}=${SHORT}ms` }],
  ['by SET', {}, `set ${IDLE} = ${SHORT}`],
  ['by SET SESSION, in another unit', {}, `set session ${IDLE} to '0.15 s'`],
  ['by a text of several statements', {}, `select 1; set ${IDLE} = '${SHORT}ms'; select 2`],
  ['by set_config', {}, `select set_config('${IDLE}', '${SHORT}', false)`],
  ['by set_config with values', {}, [`select set_config('${IDLE}', $1, false)`, [`${SHORT}ms`]]],
  ['from within a block', {}, `do $$ begin set ${IDLE} = ${SHORT}; end $$`],
];

inEveryPlace('timeouts that end a connection', (here) => {
  const insert = (client: Client, name: string): Promise<unknown> =>
    client.query('insert into items (name) values ($1)', [name]);
  /** What the client is told when its connection ends. */
  const told = async (client: Client): Promise<unknown> => ((await once(client, 'error'))[0] as DatabaseError).code;
  const connect = async (config: ClientConfig, sql?: string | readonly [string, string[]]): Promise<Client> => {
    const client = await here.connect(config);
    if (typeof sql === 'string') await client.query(sql);
    else if (sql !== undefined) await client.query(...(sql as [string, string[]]));
    return client;
  };

  for (const [way, config, sql] of WAYS) {
    it(`${IDLE} ends an idle transaction, and nothing else: ${way}`, async () => {
      const client = await connect(config, sql);
      expect(await value(client, `show ${IDLE}`)).to.equal(`${SHORT}ms`);
      await insert(client, 'Tea');
      await pause(LONGER);
      await insert(client, 'Salt');

      await client.query('begin');
      await insert(client, 'Oats');
      expect(await told(client)).to.equal('25P03');
      const other = await here.connect();
      await insert(other, 'Rice');
      expect(await here.names()).to.deep.equal(['Tea', 'Salt', 'Rice']);
    });
  }

  it('counts anew with each statement, and while none runs', async () => {
    const client = await connect({}, `set ${IDLE} = 1500`);
    await client.query('begin');
    for (let round = 0; round < 4; round += 1) {
      await insert(client, `${round}`);
      await pause(LONGER);
    }
    await client.query('select pg_sleep(1.6)');
    await client.query('commit');
    expect(await here.names()).to.deep.equal(['0', '1', '2', '3']);
  });

  it('ends a transaction that has failed, or has only begun', async () => {
    for (const sql of ['begin; select 1/0', 'begin']) {
      const client = await connect({}, `set ${IDLE} = ${SHORT}`);
      const end = told(client);
      await sqlState(client.query(sql));
      expect(await end).to.equal('25P03');
    }
  });

  it('is the one of the transaction by SET LOCAL', async () => {
    const client = await connect({});
    await client.query(`begin; set local ${IDLE} = '3s'`);
    expect(await value(client, `show ${IDLE}`)).to.equal('3s');
    await client.query('commit');
    expect(await value(client, `show ${IDLE}`)).to.equal('0');
    await client.query(`set local ${IDLE} = '3s'`);
    expect(await value(client, `show ${IDLE}`)).to.equal('0');

    await client.query(`begin; set local ${IDLE} = ${SHORT}`);
    expect(await told(client)).to.equal('25P03');
  });

  it('is taken back as any setting', async () => {
    const client = await connect({ idle_in_transaction_session_timeout: 60_000 });
    for (const [sql, expected] of [
      [`begin; set ${IDLE} = 5000; rollback`, '1min'],
      [`begin; set ${IDLE} = 5000; commit`, '5s'],
      [`reset ${IDLE}`, '1min'],
      [`set ${IDLE} = '2h'`, '2h'],
      [`set ${IDLE} to default`, '1min'],
      [`set ${IDLE} = 1500`, '1500ms'],
      ['reset all', '1min'],
      [`set ${IDLE} = 0`, '0'],
      ['discard all', '1min'],
    ] as const) {
      await client.query(sql);
      expect(await value(client, `show ${IDLE}`), sql).to.equal(expected);
      // By the extended protocol, too.
      const { rows } = await client.query({ text: `show ${IDLE}`, name: 'shown', rowMode: 'array' }).catch(async () => {
        await client.query('deallocate all');
        return client.query({ text: `show ${IDLE}`, name: `shown ${sql}`, rowMode: 'array' });
      });
      expect(rows, sql).to.deep.equal([[expected]]);
    }
  });

  it('refuses what is no duration', async () => {
    expect(await sqlState(here.connect({ options: `-c ${IDLE}=soon` }))).to.equal('22023');
    const client = await here.connect();
    expect(await sqlState(client.query(`set ${IDLE} = 'soon'`))).to.equal('22023');
    expect(await sqlState(client.query(`set ${IDLE} = = 1`))).to.equal('42601');
    await client.query('begin');
    expect(await sqlState(client.query(`set ${IDLE} = -1`))).to.equal('22023');
    expect(await sqlState(client.query(`set ${IDLE} = 1`))).to.equal('25P02');
    await client.query('rollback');
    await insert(client, 'Tea');
  });

  it('idle_session_timeout ends who is idle outside of a transaction', async () => {
    const client = await connect({}, `set idle_session_timeout = ${SHORT}`);
    const other = await here.connect();
    await client.query('begin');
    await insert(client, 'Tea');
    await pause(LONGER);
    const end = told(client);
    await client.query('commit');
    expect(await end).to.equal('57P05');
    await insert(other, 'Salt');
    expect(await here.names()).to.deep.equal(['Tea', 'Salt']);
  });

  it('tells the tag of a SHOW, and its column', async () => {
    const client = await here.connect();
    const result = await client.query('show idle_session_timeout');
    expect([result.command, result.rows, result.fields[0]?.dataTypeID]).to.deep.equal([
      'SHOW',
      [{ idle_session_timeout: '0' }],
      25,
    ]);
  });

  it('statement_timeout and lock_timeout are those of the statements of the client that has set them', async () => {
    const client = await connect({ statement_timeout: SHORT, lock_timeout: 5000 });
    const other = await here.connect();
    await insert(client, 'Tea');
    expect(await sqlState(client.query('select pg_sleep(2)'))).to.equal('57014');
    await client.query('begin');
    expect(await sqlState(client.query('select pg_sleep(2)'))).to.equal('57014');
    await client.query('rollback');
    await other.query('select pg_sleep(0.3)');
    expect(await value(client, 'show lock_timeout')).to.equal('5s');
    expect(await value(other, 'show statement_timeout')).to.equal('0');
    await insert(client, 'Salt');
    expect(await here.names()).to.deep.equal(['Tea', 'Salt']);
  });
});
