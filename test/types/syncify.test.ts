import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import { expectTypeOf } from 'expect-type';
import { sync, syncify, type Sync } from 'lockstep';

interface User {
  id: number;
  name: string;
  readonly born: Date;
  /** A lazy relation. */
  posts: Promise<Post[]>;
  nick?: Promise<string>;
}

interface Post {
  title: string;
  author: Promise<User>;
}

class Service {
  static readonly version: string = '1';
  readonly nested: { deep: { load(id: number): Promise<Buffer> } } = null as never;
  readonly #secret = 1;

  static async create(name: string): Promise<Service> {
    return Promise.resolve(new Service(name));
  }

  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get ready(): Promise<boolean> {
    return Promise.resolve(this.#secret === 1);
  }

  plain(text: string): number {
    return text.length;
  }

  async find(id: number, options?: { deep: boolean }): Promise<User | null> {
    return Promise.resolve(options ? null : (id as never));
  }

  async save(...users: User[]): Promise<void> {
    await Promise.resolve(users);
  }

  overloaded(id: number): Promise<User>;
  overloaded(ids: number[]): Promise<User[]>;
  overloaded(): unknown {
    return null;
  }

  async transaction<T>(work: (service: Service) => Promise<T>): Promise<T> {
    return work(this);
  }

  chain(): this {
    return this;
  }

  async *rows(): AsyncGenerator<Post> {
    yield* await Promise.resolve([]);
  }

  perhaps(): User | Promise<User> {
    return null as never;
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as apps have it
  untyped(): Promise<any> {
    return Promise.resolve();
  }
}

/** Never called: only its types are looked at. */
function uses(service: Service, stream: Readable): void {
  const s = syncify(service);

  expectTypeOf(s).toEqualTypeOf<Sync<Service>>();
  expectTypeOf(s.name).toEqualTypeOf<string>();
  expectTypeOf(s.ready).toEqualTypeOf<boolean>();
  expectTypeOf(s.plain('a')).toEqualTypeOf<number>();
  expectTypeOf(s.nested.deep.load(1)).toEqualTypeOf<Buffer>();
  expectTypeOf(s.find(1)).toEqualTypeOf<Sync<User> | null>();
  expectTypeOf(s.find(1, { deep: true })?.name).toEqualTypeOf<string | undefined>();
  // @ts-expect-error an id is a number
  s.find('1');
  expectTypeOf(s.overloaded(1)).toEqualTypeOf<Sync<User>>();
  expectTypeOf(s.overloaded([1])).toEqualTypeOf<Sync<User>[]>();
  expectTypeOf(s.perhaps()).toEqualTypeOf<Sync<User>>();
  expectTypeOf(s.untyped()).toBeAny();

  const user = s.overloaded(1);
  expectTypeOf(user.born).toEqualTypeOf<Date>();
  expectTypeOf(user.posts[0]?.author.posts).toEqualTypeOf<Sync<Post>[] | undefined>();
  expectTypeOf(user.nick).toEqualTypeOf<string | undefined>();
  expectTypeOf(s.save(user, {} as User)).toEqualTypeOf<void>();
  user.posts = [];
  // @ts-expect-error readonly as ever
  user.born = new Date();

  expectTypeOf(s.transaction(async (inner) => (await inner.find(1))?.id)).toEqualTypeOf<number | undefined>();
  expectTypeOf(s.chain().chain().find(1)).toEqualTypeOf<Sync<User> | null>();

  for (const post of s.rows()) expectTypeOf(post).toEqualTypeOf<Sync<Post>>();
  expectTypeOf([...syncify(stream)][0]).toBeAny();

  const Class = syncify(Service);
  expectTypeOf(Class.version).toEqualTypeOf<string>();
  expectTypeOf(Class.create('a').find(1)).toEqualTypeOf<Sync<User> | null>();
  expectTypeOf(new Class('a').ready).toEqualTypeOf<boolean>();
  // @ts-expect-error the constructor's parameters are kept
  new Class();

  expectTypeOf(syncify(async (a: number) => Promise.resolve(String(a)))).toEqualTypeOf<(a: number) => string>();
  expectTypeOf(syncify({ load: () => Promise.resolve(1), name: 'a' })).toEqualTypeOf<{
    load: () => number;
    name: string;
  }>();
  expectTypeOf(syncify(s).find(1)).toEqualTypeOf<Sync<User> | null>();
  // @ts-expect-error not an object
  syncify(5);
}

describe('types of syncify', () => {
  it('hold', () => void uses);

  it('leave data alone', () => {
    interface Data {
      a: number | null;
      b?: readonly string[];
      c: Date | Map<string, Promise<void>> | Set<number> | Uint8Array | RegExp | Error;
      d: [first: bigint, second: symbol];
      e: unknown;
      f: Record<string, boolean>;
    }
    expectTypeOf<Sync<Data>>().toEqualTypeOf<Data>();
    expectTypeOf<Sync<EventEmitter>['on']>().toBeFunction();
    expectTypeOf<Sync<Sync<User>>>().toEqualTypeOf<Sync<User>>();
  });

  it('sync keeps its own', () => {
    (): void => {
      expectTypeOf(sync(Promise.resolve(1))).toEqualTypeOf<number>();
    };
  });
});
