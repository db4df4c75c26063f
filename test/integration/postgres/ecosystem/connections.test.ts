import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { Client } from 'pg';
import { inEveryPlace, sqlState, value } from './in-every-place.js';

inEveryPlace('connections', (here) => {
  let a: Client;
  let b: Client;

  beforeEach(async () => {
    a = await here.connect();
    b = await here.connect();
  });

  it('temporary tables go with their connection', async () => {
    await a.query('create temporary table t (n int)');
    await a.end();
    await b.query('create temp table t (n text)');
    await b.query("insert into t values ('one')");
    expect(await value(b, 'select n from t')).to.equal('one');
  });

  it('session-level advisory locks go with their connection', async () => {
    await a.query('select pg_advisory_lock(44)');
    await a.end();
    // The server takes note of a good-bye when it comes to it.
    while ((await value(b, 'select pg_try_advisory_lock(44)')) !== true) await setTimeout(5);
    expect(await here.afterwards('select pg_try_advisory_lock(44) as free, pg_advisory_unlock(44)')).to.deep.equal([
      { free: true, pg_advisory_unlock: true },
    ]);
  });

  it('a statement of a connection that is gone holds nobody up', async () => {
    const sleeping = sqlState(a.query('select pg_sleep(5)'));
    await here.asleep();
    const { stream } = (a as unknown as { connection: { stream: { destroy(): void } } }).connection;
    stream.destroy();
    await sleeping;
    expect(await value(b, 'select 1')).to.equal(1);
  }).timeout(4000);

  it('startup settings are the defaults of the connection', async () => {
    const config = { application_name: 'c', options: '-c work_mem=5MB' };
    const first = await here.connect(config);
    expect(await value(first, 'show application_name')).to.equal('c');
    await first.query("set application_name = 'd'");
    await first.query('RESET application_name');
    expect(await value(first, 'show application_name')).to.equal('c');
    await first.query('DISCARD ALL');
    expect(await value(first, 'show work_mem')).to.equal('5MB');

    const second = await here.connect(config);
    expect(await value(second, 'show application_name')).to.equal('c');
    expect(await value(b, 'show application_name')).to.equal('');
  });

  it('a transaction that has only begun holds nobody up', async () => {
    await a.query('BEGIN');
    await b.query("insert into items (name) values ('Tea')");
    await a.query("insert into items (name) values ('Salt')");
    await a.query('COMMIT');
    expect((await here.names()).toSorted()).to.deep.equal(['Salt', 'Tea']);
  });

  it('PREPARE TRANSACTION that fails ends the transaction', async () => {
    await a.query('BEGIN');
    await a.query("insert into items (name) values ('Tea')");
    // On a server it fails for this reason, in a sandbox always.
    if (here.kind === 'direct') await a.query('LISTEN tea');
    expect(await sqlState(a.query("PREPARE TRANSACTION 'tea'"))).to.equal('0A000');
    await b.query("insert into items (name) values ('Salt')");
    expect(await here.names()).to.deep.equal(['Salt']);
  });

  it('channels with letters beyond ASCII', async () => {
    const heard: unknown[] = [];
    a.on('notification', ({ channel, payload }) => heard.push([channel, payload]));
    await a.query('LISTEN "wat-;.ø.§"');
    await b.query('select pg_notify($1, $2)', ['wat-;.ø.§', 'blå']);
    while (heard.length === 0) await setTimeout(5);
    expect(heard).to.deep.equal([['wat-;.ø.§', 'blå']]);
  });
});
