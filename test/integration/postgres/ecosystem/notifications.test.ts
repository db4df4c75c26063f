import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type pg from 'pg';
import postgres from 'postgres';
import { inEveryPlace } from './in-every-place.js';

const FUNCTIONS = `
  create function by_function(payload text) returns void language plpgsql as $$ begin perform pg_notify('shop', payload); end $$;
  create function by_sql(payload text) returns void language sql as $$ select pg_notify('shop', payload) $$;
  create function by_statement() returns void language plpgsql as $$ begin notify shop, 'by statement'; end $$;
  create function by_trigger() returns trigger language plpgsql as $$
    begin perform pg_notify('shop', 'by trigger ' || new.name); return null; end $$;
  create trigger told after insert on items for each row execute function by_trigger();
`;

/** The ways to notify, of which each is used before anybody listens and after it. */
const WAYS: readonly (readonly [
  way: string,
  notify: (client: pg.Client, payload: string) => Promise<unknown>,
  heard?: string,
])[] = [
  [
    'pg_notify, prepared',
    (client, payload) => client.query({ name: 'notify', text: "select pg_notify('shop', $1)", values: [payload] }),
  ],
  ['pg_notify, prepared in SQL', (client, payload) => client.query(`execute told('${payload}')`)],
  ['a function', (client, payload) => client.query('select by_function($1)', [payload])],
  ['a function in SQL', (client, payload) => client.query('select by_sql($1)', [payload])],
  [
    'a trigger',
    (client, payload) => client.query('insert into items (name) values ($1)', [payload]),
    'by trigger late',
  ],
  ['NOTIFY in a function', (client) => client.query('select by_statement()'), 'by statement'],
  ['NOTIFY', (client, payload) => client.query(`notify shop, '${payload}'`)],
  ['a block', (client, payload) => client.query(`do $$ begin perform pg_notify('shop', '${payload}'); end $$`)],
];

inEveryPlace('notifications', (here) => {
  const until = async (heard: readonly string[], count: number): Promise<void> => {
    for (let turn = 0; turn < 200 && heard.length < count; turn += 1) await pause(10);
  };
  const listener = async (...statements: readonly string[]): Promise<string[]> => {
    const client = await here.connect();
    const heard: string[] = [];
    client.on('notification', ({ payload = '' }) => heard.push(payload));
    for (const sql of statements) await client.query(sql);
    return heard;
  };

  for (const [way, notify, expected = 'late'] of WAYS)
    it(`are heard, though the way was gone before anybody listened: ${way}`, async () => {
      const sender = await here.connect();
      await sender.query(FUNCTIONS);
      await sender.query("prepare told(text) as select pg_notify('shop', $1)");
      await notify(sender, 'early');
      const heard = await listener('listen shop');
      await notify(sender, 'late');
      await until(heard, 1);
      expect(heard).to.deep.equal([expected]);

      await sender.query('begin');
      await notify(sender, 'undone');
      await sender.query('rollback');
      await sender.query("notify shop, 'the end'");
      await until(heard, 2);
      expect(heard).to.deep.equal([expected, 'the end']);
    });

  it('are heard by who begins to listen in the transaction that notifies', async () => {
    const heard = await listener(
      'begin',
      'select 1 from items',
      'listen shop',
      "select pg_notify('shop', 'within')",
      'commit',
      'select 1',
    );
    await until(heard, 1);
    expect(heard).to.deep.equal(['within']);
  });

  it('go between connections of postgres.js, which prepares its statements', async () => {
    const sql = postgres(here.place.url, { max: 2, onnotice: () => undefined });
    try {
      const heard: string[] = [];
      await sql.notify('shop', 'early');
      const listening = await sql.listen('shop', (payload) => heard.push(payload));
      await sql.notify('shop', 'one');
      await sql.begin(async (within) => {
        await within`select pg_notify('shop', 'two')`;
      });
      await until(heard, 2);
      expect(heard).to.deep.equal(['one', 'two']);
      await listening.unlisten();
    } finally {
      await sql.end();
    }
  });
});
