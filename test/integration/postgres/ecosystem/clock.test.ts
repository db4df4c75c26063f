import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { Client, DatabaseError } from 'pg';
import { inEveryPlace, value } from './in-every-place.js';

/** An expression, what its column is called, and its type. */
const WORDS: readonly (readonly [expression: string, name: string, type: string])[] = [
  ['current_timestamp', 'current_timestamp', 'timestamptz'],
  ['localtimestamp', 'localtimestamp', 'timestamp'],
  ['current_timestamp(3)', 'current_timestamp', 'timestamptz'],
  ['localtimestamp(0)', 'localtimestamp', 'timestamp'],
  ['current_date', 'current_date', 'date'],
  ['current_time', 'current_time', 'timetz'],
  ['localtime(1)', 'localtime', 'time'],
  ["'now'::timestamptz", 'timestamptz', 'timestamptz'],
  ["timestamp 'now'", 'timestamp', 'timestamp'],
  ["cast('now' as time)", 'time', 'time'],
];

/** In the sandbox `clock` is `statement`; the direct connection has a transaction for each statement. */
inEveryPlace('the time of a statement', (here) => {
  let client: Client;

  beforeEach(async () => {
    client = await here.connect();
    // The transaction of the test begins.
    await client.query('select 1 from items');
    await pause(30);
  });

  for (const [expression, name, type] of WORDS) {
    it(`is what ${expression} is, of the same type and called the same`, async () => {
      const { fields, rows } = await client.query<{ same: boolean; type: boolean }>(
        `select ${expression}, ${expression.replace(/\(\d\)$/, '')} = now()::${type} as same,
           pg_typeof(${expression}) = '${type}'::regtype as type`,
      );
      expect([fields[0]?.name, rows[0]?.same, rows[0]?.type]).to.deep.equal([name, true, true]);
    });
  }

  it('goes on, in defaults of columns', async () => {
    await client.query(
      `create table seen (id serial, a timestamptz default current_timestamp, b timestamp(3) default localtimestamp(3),
         c time default (localtime), d timestamptz default now())`,
    );
    for (let row = 0; row < 2; row += 1) {
      await client.query('insert into seen default values');
      await pause(20);
    }
    const { rows } = await client.query(
      `select count(distinct a)::int as a, count(distinct b)::int as b, count(distinct c)::int as c, count(distinct d)::int as d,
         bool_and(a = d) as same from seen`,
    );
    expect(rows).to.deep.equal([{ a: 2, b: 2, c: 2, d: 2, same: true }]);
  });

  it('goes on, in functions, triggers, views and blocks', async () => {
    await client.query(`
      create table posts (id int, title text, updated_at timestamptz);
      create function touch() returns trigger language plpgsql as $$ begin new.updated_at = CURRENT_TIMESTAMP; return new; end $$;
      create trigger touch before insert or update on posts for each row execute function touch();
      create function moment() returns timestamptz as 'select now()' language sql;
      create function other_moment() returns timestamptz language sql as $body$ select current_timestamp $body$;
      create view clock as select current_timestamp, localtimestamp as local;
      insert into posts values (1, 'Tea');
    `);
    const times = async (): Promise<unknown[]> => [
      await value(client, 'select updated_at::text from posts'),
      await value(client, 'select moment()::text'),
      await value(client, 'select other_moment()::text'),
      await value(client, 'select current_timestamp::text from clock'),
    ];
    const before = await times();
    await pause(20);
    await client.query("update posts set title = 'Salt'");
    await client.query("do $$ begin update posts set updated_at = current_timestamp where title = 'none'; end $$");
    const after = await times();
    for (const [index, time] of after.entries()) expect(time, `${index}`).to.not.equal(before[index]);
  });

  it('stands still within a transaction, and goes on behind it', async () => {
    const other = await here.connect();
    const asked = `select now()::text, current_timestamp::text, transaction_timestamp()::text, timestamptz 'now' <= statement_timestamp()`;
    const ask = async (by: Client): Promise<unknown> => {
      await pause(5);
      const { rows } = await by.query<unknown[]>({ text: asked, rowMode: 'array' });
      return rows[0];
    };
    const isStill = async (): Promise<boolean> => {
      const first = await ask(client);
      await client.query("update items set name = name || '.'");
      return JSON.stringify(first) === JSON.stringify(await ask(client));
    };
    const moments = new Set<unknown>();
    const note = async (by: Client): Promise<void> => void moments.add(JSON.stringify(await ask(by)));

    for (const end of ['commit', 'rollback', 'commit and chain', 'nothing', 'commit']) {
      await client.query('begin');
      expect(await isStill(), end).to.equal(true);
      await client.query('savepoint one');
      expect(await isStill()).to.equal(true);
      await client.query('nonsense').catch(() => undefined);
      await client.query('rollback to one');
      await note(client);
      if (end === 'nothing') await client.query('nonsense').catch(() => undefined);
      await client.query(end === 'nothing' ? 'commit' : end);
      if (end === 'commit and chain') await client.query('commit');
      await note(client);
      await note(other);
      await client.query('nonsense').catch(() => undefined);
      await note(client);
      await client.query("update items set name = name || '.'");
      await note(client);
    }
    expect(moments.size).to.equal(25);
  });

  it('is the same for all rows of a transaction, in defaults too', async () => {
    await client.query(
      'create table seen (id serial, a timestamptz default current_timestamp, b timestamptz default now())',
    );
    await client.query('begin');
    for (let row = 0; row < 2; row += 1) {
      await client.query('insert into seen default values');
      await pause(5);
    }
    await client.query('commit');
    expect(await value(client, 'select count(distinct (a, b))::int from seen')).to.equal(1);
    expect(await value(client, 'select bool_and(a = b and a < now()) from seen')).to.equal(true);
  });

  it('goes on in a statement that is prepared', async () => {
    const ask = async (): Promise<unknown> =>
      (
        await client.query<{ at: string }>({
          name: 'clock',
          text: 'select current_timestamp::text as at, $1::int',
          values: [1],
        })
      ).rows[0]?.at;
    const first = await ask();
    await pause(20);
    expect(await ask()).to.not.equal(first);
  });

  it('is not meant by labels, strings and comments', async () => {
    const { fields, rows } = await client.query(
      `select 1 as current_date, 'current_time' "current_time", x.localtime, $$localtimestamp$$ as s -- current_timestamp
       from (select 2 as localtime) x`,
    );
    expect(fields.map(({ name }) => name)).to.deep.equal(['current_date', 'current_time', 'localtime', 's']);
    expect(rows).to.deep.equal([{ current_date: 1, current_time: 'current_time', localtime: 2, s: 'localtimestamp' }]);
  });

  it('leaves the places in messages as they are', async () => {
    for (const [query, position] of [
      ['select current_timestamp, nothing from items', 27],
      ['select nothing, current_timestamp from items', 8],
      ['select 1; select current_date, current_date, nothing', 46],
      ['begin; select current_timestamp, nothing', 34],
      [{ text: 'select current_timestamp, nothing from items where id = $1', values: [1] }, 27],
    ] as const) {
      const place = await client.query(query as string).then(
        () => undefined,
        (error: DatabaseError) => Number(error.position),
      );
      expect(place, JSON.stringify(query)).to.equal(position);
      await client.query('rollback');
    }
  });
});
