import { pipeline } from 'node:stream/promises';
import { expect } from 'chai';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { inEveryPlace, sqlState } from './in-every-place.js';

interface Numbered {
  readonly n: number;
}

const series = 'select n from generate_series(1, $1::int) n';

inEveryPlace('pg', (here) => {
  it('pg-cursor reads in parts', async () => {
    const client = await here.connect();
    const cursor = client.query(new Cursor<Numbered>(series, [5]));
    expect(await cursor.read(2)).to.deep.equal([{ n: 1 }, { n: 2 }]);
    expect(await cursor.read(2)).to.deep.equal([{ n: 3 }, { n: 4 }]);
    expect(await cursor.read(2)).to.deep.equal([{ n: 5 }]);
    expect(await cursor.read(2)).to.deep.equal([]);
    await cursor.close();
    expect((await client.query('select 1 as n')).rows).to.deep.equal([{ n: 1 }]);
  });

  it('pg-cursor is closed early, in and out of a transaction', async () => {
    const client = await here.connect();
    const cursor = client.query(new Cursor<Numbered>(series, [5000]));
    await cursor.read(10);
    await cursor.close();

    await client.query('BEGIN');
    const inside = client.query(new Cursor<Numbered>(series, [5000]));
    expect(await inside.read(10)).to.have.length(10);
    await inside.close();
    await client.query("insert into items (name) values ('Tea')");
    await client.query('COMMIT');
    expect(await here.names()).to.deep.equal(['Tea']);
  });

  it('pg-cursor tells of an error, and the connection goes on', async () => {
    const client = await here.connect();
    expect(
      await sqlState(client.query(new Cursor('select 1 / (3 - n) from generate_series(1, 5) n')).read(9)),
    ).to.equal('22012');
    expect((await client.query('select 1 as n')).rows).to.deep.equal([{ n: 1 }]);
  });

  it('two cursors at a time, on two connections in two transactions', async () => {
    const pool = here.pool({ max: 2 });
    const sum = async (): Promise<number> => {
      const client = await pool.connect();
      await client.query('BEGIN');
      const cursor = client.query(new Cursor<Numbered>(series, [100]));
      let total = 0;
      for (let rows = await cursor.read(30); rows.length > 0; rows = await cursor.read(30))
        for (const { n } of rows) total += n;
      await client.query('COMMIT');
      client.release();
      return total;
    };

    expect(await Promise.all([sum(), sum(), sum()])).to.deep.equal([5050, 5050, 5050]);
  });

  it('pg-query-stream streams, and is left early', async () => {
    const client = await here.connect();
    let count = 0;
    await pipeline(client.query(new QueryStream(series, [10_000])), async (rows: AsyncIterable<Numbered>) => {
      for await (const { n } of rows) expect(n).to.equal(++count);
    });
    expect(count).to.equal(10_000);

    for await (const { n } of client.query(new QueryStream(series, [10_000])) as AsyncIterable<Numbered>)
      if (n === 5) break;
    expect((await client.query('select 1 as n')).rows).to.deep.equal([{ n: 1 }]);
  });

  it('a pool that is used by a hundred at a time', async () => {
    const pool = here.pool({ max: 10 });
    const names = Array.from({ length: 100 }, (_, n) => `item ${n}`);
    await Promise.all(names.map((name) => pool.query('insert into items (name) values ($1)', [name])));
    expect((await here.names()).length).to.equal(100);
    expect(new Set(await here.names())).to.deep.equal(new Set(names));
  });
});
