import { inspect } from 'node:util';
import { expect } from 'chai';
import type { Place } from './place.js';
import { openShop, type Shop } from './shop.js';

/** What every library must do in every place. */
export function behaviours(library: string, kind: Place['kind'], thePlace: () => Place): void {
  let place: Place;
  let shop: Shop;

  before(async () => {
    place = thePlace();
    // Several libraries query as they start.
    await place.begin(library, 'layer');
    shop = await openShop(library, place.url);
  });
  beforeEach(function () {
    return place.begin(this.currentTest!.fullTitle());
  });
  afterEach(() => place.end());
  after(async () => {
    await shop.close();
    await place.end();
  });

  const names = async (): Promise<unknown[]> =>
    (await place.rows('select name from items order by name')).map(({ name }) => name);

  it('sees what the test wrote', async () => {
    await place.rows("insert into items (id, name, stock) values (1001, 'Tea', 3)");
    expect(await shop.list()).to.deep.equal([{ id: 1001, name: 'Tea', stock: 3 }]);
  });

  it('writes what the test sees', async () => {
    const tea = await shop.add('Tea');
    expect(await place.rows('select * from items')).to.deep.equal([{ id: tea.id, name: 'Tea', stock: 0 }]);
  });

  it('commits what the test sees', async () => {
    await shop.addAll(['Tea', 'Salt']);
    expect(await names()).to.deep.equal(['Salt', 'Tea']);
  });

  it('undoes a transaction that fails, and goes on', async () => {
    await shop.add('Oats');
    expect(inspect(await rejection(shop.addAll(['Tea', 'Salt', 'Tea'])), { depth: 6 })).to.match(/unique/i);
    expect(await names()).to.deep.equal(['Oats']);

    await shop.addAll(['Tea', 'Salt']);
    expect(await names()).to.deep.equal(['Oats', 'Salt', 'Tea']);
  });

  it('undoes only the nested transaction that fails', async () => {
    await shop.add('Salt');
    await shop.addEach(['Tea', 'Salt', 'Oats', 'Tea', 'Rice']);
    expect(await names()).to.deep.equal(['Oats', 'Rice', 'Salt', 'Tea']);
  });

  it('recovers from a unique violation', async () => {
    const id = await shop.addOrFind('Tea');
    expect(await shop.addOrFind('Tea')).to.equal(id);
    await shop.add('Salt');
    expect((await shop.list()).map(({ name }) => name)).to.deep.equal(['Tea', 'Salt']);
  });

  it('loses no update of concurrent transactions', async () => {
    const { id } = await shop.add('Tea');
    await place.rows('update items set stock = 100 where id = $1', [id]);

    await Promise.all(Array.from({ length: 20 }, (_, n) => shop.take(id, n % 3)));
    expect(await place.rows('select stock from items')).to.deep.equal([{ stock: 81 }]);
  });

  if (kind === 'direct')
    it('does not see its own transaction from outside', async () => {
      expect(await shop.addAndCountOutside('Tea')).to.equal(0);
    });
  else {
    it('is told of a query that waits for its own transaction', async () => {
      expect(inspect(await rejection(shop.addAndCountOutside('Tea')), { depth: 6 })).to.include('LOCKSTEP_STALL');
      expect(await names()).to.deep.equal([]);
      await shop.addAll(['Salt']);
      expect(await names()).to.deep.equal(['Salt']);
    });

    it('is told of a query between two tests, and works in the next', async () => {
      await shop.add('Tea');
      await place.end();
      expect(inspect(await rejection(shop.list()), { depth: 6 })).to.include('LOCKSTEP_STRAGGLER');

      await place.begin('the next test');
      expect(await shop.list()).to.deep.equal([]);
      await shop.addAll(['Salt']);
      expect(await names()).to.deep.equal(['Salt']);
    });

    it('leaves nothing behind', async () => {
      await shop.add('Tea');
      await shop.addAll(['Salt', 'Oats']);
      await place.end();
      expect(await place.committed('select * from items')).to.deep.equal([]);
      await place.begin('for the hook');
    });
  }
}

/** What the work failed with. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  let result: unknown;

  try {
    result = await work;
  } catch (error) {
    return error;
  }

  throw new Error(`It should have failed, and gave ${inspect(result)}.`);
}
