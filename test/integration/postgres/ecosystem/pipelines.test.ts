import { expect } from 'chai';
import type { Client } from 'pg';
import { serialize } from 'pg-protocol';
import { inEveryPlace, sqlState } from './in-every-place.js';
import { statement, Wire } from './wire.js';

const insert = (name: string): Buffer[] => statement('insert into items (name) values ($1)', [name]);
const DONE = ['parseComplete', 'bindComplete'];

inEveryPlace('pipelines', (here) => {
  let a: Client;
  let wire: Wire;

  beforeEach(async () => {
    a = await here.connect();
    wire = await Wire.beside(a);
  });
  afterEach(() => wire.close());

  it('of one Sync is one transaction', async () => {
    expect(await wire.ask([...insert('Tea'), ...insert('Salt'), serialize.sync()])).to.deep.equal([
      ...DONE,
      'commandComplete INSERT 0 1',
      ...DONE,
      'commandComplete INSERT 0 1',
      'readyForQuery I',
    ]);
    expect(await here.names()).to.deep.equal(['Tea', 'Salt']);
  });

  it('an error in the middle undoes what is before it up to the last Sync, and skips what is after', async () => {
    expect(
      await wire.ask([
        ...insert('Oats'),
        serialize.sync(),
        ...insert('Tea'),
        ...insert('Tea'),
        ...insert('Salt'),
        serialize.sync(),
        ...insert('Rice'),
        serialize.sync(),
      ]),
    ).to.deep.equal([
      ...DONE,
      'commandComplete INSERT 0 1',
      'readyForQuery I',
      ...DONE,
      'commandComplete INSERT 0 1',
      ...DONE,
      'error 23505',
      'readyForQuery I',
      ...DONE,
      'commandComplete INSERT 0 1',
      'readyForQuery I',
    ]);
    expect(await here.names()).to.deep.equal(['Oats', 'Rice']);
  });

  it('BEGIN and COMMIT inside', async () => {
    expect(
      await wire.ask([
        ...statement('BEGIN'),
        ...insert('Tea'),
        ...statement('COMMIT'),
        ...insert('Salt'),
        ...statement('select 1/0'),
        ...insert('Oats'),
        serialize.sync(),
        ...insert('Rice'),
        serialize.sync(),
      ]),
    ).to.deep.equal([
      ...DONE,
      'commandComplete BEGIN',
      ...DONE,
      'commandComplete INSERT 0 1',
      ...DONE,
      'commandComplete COMMIT',
      ...DONE,
      'commandComplete INSERT 0 1',
      'parseComplete',
      'error 22012',
      'readyForQuery I',
      ...DONE,
      'commandComplete INSERT 0 1',
      'readyForQuery I',
    ]);
    expect(await here.names()).to.deep.equal(['Tea', 'Rice']);
  });

  it('an error in a transaction, and ROLLBACK in the next batch', async () => {
    expect(
      await wire.ask([
        ...statement('BEGIN'),
        serialize.sync(),
        ...insert('Tea'),
        ...insert('Tea'),
        serialize.sync(),
        ...insert('Salt'),
        serialize.sync(),
        ...statement('ROLLBACK'),
        serialize.sync(),
        ...insert('Oats'),
        serialize.sync(),
      ]),
    ).to.deep.equal([
      ...DONE,
      'commandComplete BEGIN',
      'readyForQuery T',
      ...DONE,
      'commandComplete INSERT 0 1',
      ...DONE,
      'error 23505',
      'readyForQuery E',
      'error 25P02',
      'readyForQuery E',
      ...DONE,
      'commandComplete ROLLBACK',
      'readyForQuery I',
      ...DONE,
      'commandComplete INSERT 0 1',
      'readyForQuery I',
    ]);
    expect(await here.names()).to.deep.equal(['Oats']);
  });

  it('portals that are read in parts', async () => {
    const part = serialize.execute({ portal: 'p', rows: 2 });
    expect(
      await wire.ask([
        ...statement('BEGIN'),
        serialize.parse({ name: 'series', text: 'select generate_series(1, 5)::text' }),
        serialize.bind({ statement: 'series', portal: 'p' }),
        serialize.describe({ type: 'P', name: 'p' }),
        part,
        ...insert('Tea'),
        part,
        part,
        serialize.close({ type: 'P', name: 'p' }),
        ...statement('COMMIT'),
        serialize.sync(),
      ]),
    ).to.deep.equal([
      ...DONE,
      'commandComplete BEGIN',
      ...DONE,
      'rowDescription',
      'dataRow',
      'dataRow',
      'portalSuspended',
      ...DONE,
      'commandComplete INSERT 0 1',
      'dataRow',
      'dataRow',
      'portalSuspended',
      'dataRow',
      'commandComplete SELECT 1',
      'closeComplete',
      ...DONE,
      'commandComplete COMMIT',
      'readyForQuery I',
    ]);
  });

  it('COPY that fails undoes its rows', async () => {
    const copy = serialize.query('copy items (name, stock) from stdin');
    expect(
      await wire.ask([
        copy,
        serialize.copyData(Buffer.from('Tea\t1\n')),
        serialize.copyData(Buffer.from('Salt\tmuch\n')),
        serialize.copyDone(),
      ]),
    ).to.deep.equal(['copyInResponse', 'error 22P02', 'readyForQuery I']);
    expect(
      await wire.ask([copy, serialize.copyData(Buffer.from('Tea\t1\n')), serialize.copyFail('enough')]),
    ).to.deep.equal(['copyInResponse', 'error 57014', 'readyForQuery I']);
    expect(await wire.ask([copy, serialize.copyData(Buffer.from('Oats\t1\n')), serialize.copyDone()])).to.deep.equal([
      'copyInResponse',
      'commandComplete COPY 1',
      'readyForQuery I',
    ]);
    expect(await here.names()).to.deep.equal(['Oats']);
  });

  it('an empty query, and one without rows', async () => {
    expect(
      await wire.ask([...statement(''), serialize.sync(), serialize.query(' ; '), serialize.query('-- nothing')]),
    ).to.deep.equal([
      ...DONE,
      'emptyQuery',
      'readyForQuery I',
      'emptyQuery',
      'readyForQuery I',
      'emptyQuery',
      'readyForQuery I',
    ]);
  });

  it('pg in its pipeline mode', async () => {
    const fast = await here.connect({ pipeline: true });
    const sql = 'insert into items (name) values ($1)';
    const states = await Promise.all(['Tea', 'Salt', 'Tea', 'Oats'].map((name) => sqlState(fast.query(sql, [name]))));

    expect(states).to.deep.equal(['no error', 'no error', '23505', 'no error']);
    expect(await here.names()).to.deep.equal(['Tea', 'Salt', 'Oats']);
    const [, , , rows] = await Promise.all([
      fast.query('BEGIN'),
      fast.query('delete from items'),
      fast.query('ROLLBACK'),
      fast.query('select name from items'),
    ]);
    expect(rows.rows).to.have.length(3);
  });
});
