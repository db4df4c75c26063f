import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import postgres from 'postgres';
import { inEveryPlace, sqlState } from './in-every-place.js';

inEveryPlace('postgres.js', (here) => {
  let sql: postgres.Sql;

  beforeEach(() => {
    sql = postgres(here.place.url, { max: 3, onnotice: () => undefined });
  });
  afterEach(() => sql.end({ timeout: 1 }));

  it('pipelines', async () => {
    const one = postgres(here.place.url, { max: 1 });
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    const answers = await Promise.all(numbers.map((n) => one<{ n: number }[]>`select ${n}::int as n`));
    expect(answers.map(([row]) => row!.n)).to.deep.equal(numbers);
    await one.end();
  });

  it('pipelines with an error in the middle', async () => {
    const one = postgres(here.place.url, { max: 1 });
    const names = ['Tea', 'Salt', 'Tea', 'Oats'];
    const states = await Promise.all(names.map((name) => sqlState(one`insert into items (name) values (${name})`)));
    expect(states).to.deep.equal(['no error', 'no error', '23505', 'no error']);
    expect(await here.names()).to.deep.equal(['Tea', 'Salt', 'Oats']);
    await one.end();
  });

  it('pipelines a transaction', async () => {
    const results = await sql.begin((tx) => [
      tx`insert into items (name) values ('Tea')`,
      tx`insert into items (name) values ('Salt')`,
      tx`select name from items order by name`,
    ]);
    expect([...results[2]!]).to.deep.equal([{ name: 'Salt' }, { name: 'Tea' }]);
    expect(
      await sqlState(
        sql.begin((tx) => [
          tx`insert into items (name) values ('Oats')`,
          tx`insert into items (name) values ('Tea')`,
          tx`insert into items (name) values ('Rice')`,
        ]),
      ),
    ).to.equal('23505');
    expect(await here.names()).to.deep.equal(['Tea', 'Salt']);
  });

  it('transactions with savepoints and options', async () => {
    await sql.begin('isolation level serializable', async (tx) => {
      await tx`insert into items (name) values ('Tea')`;
      await tx
        .savepoint(async (inner) => {
          await inner`insert into items (name) values ('Salt')`;
          throw new Error('not that');
        })
        .catch(() => undefined);
      await tx.savepoint((inner) => inner`insert into items (name) values ('Oats')`);
    });
    expect(await here.names()).to.deep.equal(['Tea', 'Oats']);
    expect(await sqlState(sql.begin('read only', (tx) => tx`delete from items`))).to.equal('25006');
  });

  it('listens', async () => {
    const heard: string[] = [];
    const listening = await sql.listen('shop', (payload) => heard.push(payload));
    const arrived = async (count: number): Promise<void> => {
      while (heard.length < count) await setTimeout(2);
    };
    await sql.notify('shop', 'one');
    await arrived(1);
    await sql.begin(async (tx) => {
      await tx`select pg_notify('shop', 'two')`;
      await setTimeout(5);
      expect(heard).to.deep.equal(['one']);
    });
    await arrived(2);
    expect(heard).to.deep.equal(['one', 'two']);
    await listening.unlisten();
  });

  it('COPY, in and out', async () => {
    const lines = Array.from({ length: 5000 }, (_, n) => `item ${n}\t${n}\n`);
    await pipeline(Readable.from(lines), await sql`copy items (name, stock) from stdin`.writable());
    expect(await here.place.rows('select count(*)::int, sum(stock)::int from items')).to.deep.equal([
      { count: 5000, sum: (4999 * 5000) / 2 },
    ]);

    const chunks: Buffer[] = [];
    for await (const chunk of await sql`copy (select name, stock from items order by stock) to stdout`.readable())
      chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).to.equal(lines.join(''));
  });

  it('cursors, and rows one by one', async () => {
    const sizes: number[] = [];
    await sql`select generate_series(1, 25) as n`.cursor(10, (rows) => void sizes.push(rows.length));
    expect(sizes).to.deep.equal([10, 10, 5]);

    let sum = 0;
    await sql<{ n: number }[]>`select generate_series(1, 100) as n`.forEach(({ n }) => void (sum += n));
    expect(sum).to.equal(5050);

    for await (const [row] of sql`select generate_series(1, 100) as n`.cursor()) if (row!['n'] === 3) break;
    expect([...(await sql`select 1 as n`)]).to.deep.equal([{ n: 1 }]);
  });

  it('describes, cancels, reserves, and sends simple queries', async () => {
    expect((await sql`select id, name from items where id = ${1}`.describe()).columns).to.have.length(2);

    const sleeping = sql`select pg_sleep(5)`.execute();
    const state = sqlState(sleeping);
    await here.asleep();
    sleeping.cancel();
    expect(await state).to.equal('57014');

    const reserved = await sql.reserve();
    await reserved`begin`;
    await reserved`insert into items (name) values ('Tea')`;
    await reserved`commit`;
    reserved.release();

    const results = await sql.unsafe("insert into items (name) values ('Salt'); select count(*)::int as n from items");
    expect(results).to.have.length(2);
    expect([...(await sql.unsafe('select name from items where name = $1', ['Salt']))]).to.have.length(1);
    expect(await here.names()).to.deep.equal(['Tea', 'Salt']);
  });

  it('without prepared statements', async () => {
    const plain = postgres(here.place.url, { max: 2, prepare: false });
    await Promise.all(['Tea', 'Salt', 'Oats'].map((name) => plain`insert into items ${plain({ name })}`));
    expect((await here.names()).toSorted()).to.deep.equal(['Oats', 'Salt', 'Tea']);
    await plain.end();
  });

  it('arrays, JSON and dates come as they went', async () => {
    await sql`create table things (tags text[], data jsonb, at timestamptz)`;
    const thing = { tags: ['a', 'b "c"'], data: { deep: [1, null, 'é'] }, at: new Date('2024-02-29T12:00:00.123Z') };
    await sql`insert into things values (${thing.tags}, ${sql.json(thing.data)}, ${thing.at})`;
    expect([...(await sql`select * from things`)]).to.deep.equal([thing]);
  });
});
