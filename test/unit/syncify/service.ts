/** Time that passes in the event loop, not only in microtasks. */
export function later<T>(value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(() => resolve(value), 1));
}

export class Item {
  readonly #owner: Service;
  readonly id: number;
  tags: string[] = [];
  parent: Item | undefined;

  constructor(owner: Service, id: number) {
    this.#owner = owner;
    this.id = id;
  }

  /** A lazy relation. */
  get siblings(): Promise<Item[]> {
    return this.#owner.list();
  }

  double(): number {
    return this.id * 2;
  }
}

/** What an app's service looks like: private fields, getters, methods that call each other. */
export class Service {
  static count = 0;
  static async create(name: string): Promise<Service> {
    return later(new Service(name));
  }

  readonly #items: Item[];
  readonly name: string;
  readonly nested: { readonly deep: { load(id: number): Promise<number> } } = { deep: { load: later } };
  readonly ready: Promise<string> = later('ready');

  constructor(name = 'service') {
    this.name = name;
    this.#items = [new Item(this, 1), new Item(this, 2)];
  }

  get first(): Promise<Item | undefined> {
    return later(this.#items[0]);
  }

  async list(): Promise<Item[]> {
    return later([...this.#items]);
  }

  async total(): Promise<number> {
    // Its own calls are still those of async code.
    return (await this.list()).reduce((sum, item) => sum + item.id, 0);
  }

  async fail(): Promise<never> {
    await later(0);
    throw new RangeError('on purpose');
  }

  self(): this {
    return this;
  }

  plain(): { a: number; when: Date } {
    return { a: 1, when: new Date(0) };
  }

  async rows(): Promise<{ a: number }[]> {
    return later([{ a: 1 }, { a: 2 }]);
  }

  /** Whether it is given its own objects. */
  async owns(...items: unknown[]): Promise<boolean[]> {
    return later(items.map((item) => this.#items.includes(item as Item)));
  }

  async transaction<T>(work: (service: this) => Promise<T>): Promise<T> {
    return work(await later(this));
  }

  received: unknown;
  async keep<T>(value: T): Promise<T> {
    this.received = value;
    return later(value);
  }

  async *numbers(closed: () => void): AsyncGenerator<number> {
    try {
      for (let number = 1; number <= 3; number += 1) yield await later(number);
    } finally {
      await later(0);
      closed();
    }
  }

  async *items(): AsyncGenerator<Item> {
    for (const item of this.#items) yield later(item);
  }
}
