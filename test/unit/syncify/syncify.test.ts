import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { sync, syncify } from '#src/index.js';
import { errorUnderHop, underHop } from '../../integration/bridge/under-hop.js';
import { Item, later, Service } from './service.js';

/** A query that runs when it is awaited, as Knex and Drizzle have them. */
class Query implements PromiseLike<string[]> {
  readonly #parts: string[] = [];
  runs = 0;

  where(part: string): this {
    this.#parts.push(part);
    return this;
  }

  async execute(): Promise<string[]> {
    this.runs += 1;
    return later([...this.#parts]);
  }

  then<A = string[], B = never>(
    done?: ((rows: string[]) => A | PromiseLike<A>) | null,
    failed?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.execute().then(done, failed);
  }
}

describe('syncify', () => {
  describe('refuses', () => {
    const mistakes: [title: string, target: unknown, text: RegExp][] = [
      ['nothing', undefined, /undefined/],
      ['null', null, /null/],
      ['a value', 5, /5/],
      ['a promise', Promise.resolve(1), /sync\(work\)/],
      ['a query', new Query(), /sync\(work\)/],
    ];
    for (const [title, target, text] of mistakes) {
      it(title, () => {
        expect(() => syncify(target as object))
          .to.throw(text)
          .with.property('code', 'LOCKSTEP_SYNC_USAGE');
      });
    }

    it('a call where nothing can wait, before it does anything', () => {
      let called = false;
      const service = syncify({
        load: async () => {
          called = true;
          return later(1);
        },
      });

      expect(() => service.load())
        .to.throw(/syncify\(Object\)\.load\(\)/)
        .with.property('code', 'LOCKSTEP_WAIT_PLACE');
      expect(called).to.equal(false);
    });

    it('a call inside a callback of the original, which the test waits for', async () => {
      const error = await errorUnderHop(() => {
        const service = syncify(new Service());
        service.transaction(async () => Promise.resolve(service.list()));
      });

      expect(error).to.have.property('code', 'LOCKSTEP_NESTED_WAIT');
      expect(error.message).to.contain('syncify(Service).list()').and.to.contain('await');
    });

    it('to freeze what it does not hold', () => {
      expect(() => Object.freeze(syncify(new Service()))).to.throw(TypeError);
    });
  });

  describe('waits for', () => {
    it('methods, which keep their this and their private fields', () =>
      underHop(() => {
        const service = syncify(new Service());
        expect(service.list().map((item) => item.id)).to.deep.equal([1, 2]);
        expect(service.total()).to.equal(3);
        expect(service.list.call(service)).to.have.length(2);
        expect(service.list.bind(service)()).to.have.length(2);
      }));

    it('getters, properties and what lies deeper', () =>
      underHop(() => {
        const service = syncify(new Service());
        expect(service.first?.id).to.equal(1);
        expect(service.first?.siblings[1]?.siblings[0]?.id).to.equal(1);
        expect(service.ready).to.equal('ready');
        expect(service.nested.deep.load(7)).to.equal(7);
        expect(service.transaction(async (inner) => (await inner.list()).length)).to.equal(2);
      }));

    it('classes and their static methods', () =>
      underHop(() => {
        const Class = syncify(Service);
        expect(Class.create('a').total()).to.equal(3);
        expect(new Class('b').total()).to.equal(3);
        expect(new Class()).to.be.instanceOf(Class).and.to.be.instanceOf(Service);
        Class.count = 5;
        expect(Service.count).to.equal(5);
        Service.count = 0;
      }));

    it('functions', () => underHop(() => expect(syncify(later)(5)).to.equal(5)));

    it('methods of frozen objects and fixed properties', () =>
      underHop(() => {
        const holder = Object.defineProperty({}, 'inner', { value: { load: later } }) as {
          inner: { load: typeof later };
        };
        expect(syncify(Object.freeze({ load: later })).load(5)).to.equal(5);
        expect(syncify(holder).inner.load(5)).to.equal(5);
      }));

    it('modules', async () => {
      const module = syncify(await import('./service.js'));
      await underHop(() => {
        expect(module.later(5)).to.equal(5);
        expect(new module.Service().total()).to.equal(3);
      });
    });

    it('async iterables, item by item', () =>
      underHop(() => {
        const service = syncify(new Service());
        const seen: number[] = [];
        let closed = 0;

        for (const number of service.numbers(() => (closed += 1))) seen.push(number);
        expect(seen).to.deep.equal([1, 2, 3]);
        expect(closed).to.equal(1);

        for (const number of service.numbers(() => (closed += 1))) if (number === 2) break;
        expect(closed).to.equal(2);
        expect([...service.items()].map((item) => item.siblings.length)).to.deep.equal([2, 2]);
        expect(service.numbers(() => undefined).next()).to.deep.equal({ value: 1, done: false });
      }));

    it('streams, and ends those that are left early', () =>
      underHop(() => {
        const stream = Readable.from([later('a'), later('b'), later('c')]);
        for (const text of syncify(stream)) {
          expect(text).to.equal('a');
          break;
        }
        expect(stream.destroyed).to.equal(true);
        expect([...syncify(Readable.from(['x', 'y']))]).to.deep.equal(['x', 'y']);
      }));

    it('an error, thrown as it is with the line of the test', async () => {
      const error = await errorUnderHop(() => syncify(new Service()).fail());
      expect(error).to.be.instanceOf(RangeError);
      expect(error.stack).to.match(/service\.[jt]s[\s\S]*syncify\.test/);
    });

    it('an error of a stream', async () => {
      async function* broken(): AsyncGenerator<number> {
        yield await later(1);
        throw new RangeError('on purpose');
      }
      expect(await errorUnderHop(() => [...syncify(broken)()])).to.be.instanceOf(RangeError);
    });
  });

  describe('leaves', () => {
    it('plain data and what Node knows as it is', () =>
      underHop(() => {
        const original = new Service();
        const service = syncify(original);
        for (const value of [
          [1],
          { a: { b: 2 } },
          new Map(),
          new Set(),
          new Date(),
          /x/,
          Buffer.from('a'),
          new Error('a'),
        ])
          expect(service.keep(value)).to.equal(value);
        expect(service.plain()).to.deep.equal({ a: 1, when: new Date(0) });
        expect(inspect(service.rows())).to.equal('[ { a: 1 }, { a: 2 } ]');
        expect(syncify(new Map())).to.be.instanceOf(Map);
      }));

    it('getters of plain data unasked', () =>
      underHop(() => {
        let asked = 0;
        const data = {
          get lazy() {
            asked += 1;
            return later(1);
          },
        };
        const result = syncify(new Service()).keep(data) as { lazy: number };
        expect(asked).to.equal(0);
        expect(result.lazy).to.equal(1);
      }));

    it('query builders to be chained and awaited', async () => {
      const query = new Query();
      const db = syncify({ query: () => query });

      await underHop(() => {
        const built = db.query().where('a');
        expect(built.where('b')).to.equal(built);
        expect(query.runs).to.equal(0);
        expect(sync(built)).to.deep.equal(['a', 'b']);
        // Its own types still say that this is a promise, so both are right.
        expect(built.execute()).to.deep.equal(['a', 'b']);
        expect(sync(built.execute())).to.deep.equal(['a', 'b']);
        expect(query.runs).to.equal(3);
      });
      expect(await db.query()).to.deep.equal(['a', 'b']);
    });

    it('the original async', () => {
      const original = new Service();
      syncify(original);
      expect(original.list()).to.be.a('promise');
    });

    it('what is not a wait to be used anywhere', () => {
      const service = syncify(new Service());
      expect(service.name).to.equal('service');
      expect(service.self().plain().a).to.equal(1);
      // A reporter that prints an object must not fail.
      expect(service.ready).to.be.a('promise');
    });
  });

  describe('is', () => {
    it('one and the same for the same object', () =>
      underHop(() => {
        const original = new Service();
        const service = syncify(original);
        expect(syncify(original)).to.equal(service);
        expect(syncify(service)).to.equal(service);
        expect(service.self()).to.equal(service);
        expect(service.list()[0]).to.equal(service.first);
        expect(service.list).to.equal(service.list);
        expect(service.nested).to.equal(service.nested);
      }));

    it('what the original is', () => {
      const item = syncify(new Item(new Service(), 5));
      expect(item).to.be.instanceOf(Item);
      expect(item.constructor).to.equal(Item);
      expect(Object.keys(item)).to.deep.equal(['id', 'tags', 'parent']);
      expect({ ...item }).to.deep.equal({ id: 5, tags: [], parent: undefined });
      expect(item).to.deep.equal(new Item(new Service(), 5));
      expect(JSON.stringify(item)).to.equal('{"id":5,"tags":[]}');
      expect('siblings' in item).to.equal(true);
      expect(inspect(item)).to.equal(inspect(new Item(new Service(), 5)));
      expect(inspect({ item }, { depth: 0 })).to.equal('{ item: [Item] }');
      expect(syncify(Service).name).to.equal('Service');
      expect(Object.getOwnPropertyDescriptor(syncify(Service), 'prototype')?.value).to.equal(Service.prototype);
    });

    it('a list where the original gives one', () =>
      underHop(() => {
        const list = syncify(new Service()).list();
        expect(Array.isArray(list)).to.equal(true);
        expect(list).to.have.length(2);
        expect(list.filter((item) => item.siblings.length === 2)).to.have.length(2);
        expect([...list][1]?.id).to.equal(2);
        expect(list.slice(1)[0]).to.equal(list[1]);
        expect(Object.getOwnPropertyDescriptor(list, 'length')?.value).to.equal(2);
      }));
  });

  describe('hands its own objects back to the original', () => {
    it('alone, in lists and in plain objects', () =>
      underHop(() => {
        const original = new Service();
        const service = syncify(original);
        const [first, second] = service.list();

        expect(service.owns(first, second, {})).to.deep.equal([true, true, false]);
        const given = { items: [first], other: { item: second }, id: undefined as number | undefined };
        service.keep(given);
        const received = original.received as typeof given;
        expect(inspect(received.items[0], { showProxy: true })).to.not.contain('Proxy');
        expect(given.items[0]).to.equal(first);

        const plain = { name: 'a' };
        service.keep(plain);
        expect(original.received).to.equal(plain);
      }));

    it('inside an object that the test made', () =>
      underHop(() => {
        const original = new Service();
        const service = syncify(original);
        const child = new Item(original, 9);
        child.parent = service.first as unknown as Item;

        service.keep(child);
        expect(original.received).to.equal(child);
        expect(inspect(child.parent, { showProxy: true })).to.not.contain('Proxy');
      }));

    it('when a property is set', () =>
      underHop(async () => {
        const raw = new Item(new Service(), 9);
        const item = syncify(raw);
        const parent = new Item(new Service(), 1);
        item.parent = syncify(parent);
        item.tags.push('a');

        expect(raw.parent).to.equal(parent);
        expect(raw.tags).to.deep.equal(['a']);
        expect(item.parent.double()).to.equal(2);
        await Promise.resolve();
      }));
  });
});
