import { pathToFileURL } from 'node:url';
import { fixture } from '../../run-mocha.js';

export interface Item {
  readonly id: number;
  readonly name: string;
  readonly stock: number;
}

/** The same small app over every library: test/fixtures/postgres/shops. */
export interface Shop {
  list(): Promise<Item[]>;
  /** One statement, no transaction. */
  add(name: string): Promise<Item>;
  /** One transaction, rolled back when a name is taken. */
  addAll(names: readonly string[]): Promise<unknown>;
  /** One transaction, with one nested in it for each name; names that are taken are passed over. */
  addEach(names: readonly string[]): Promise<unknown>;
  /** Adds and, when the name is taken, looks it up. */
  addOrFind(name: string): Promise<number>;
  /** Locks the item, takes a little time, and writes what is left. */
  take(id: number, amount: number): Promise<unknown>;
  /** The classic mistake: counts the items on another connection while its own transaction is open. */
  addAndCountOutside(name: string): Promise<number>;
  close(): Promise<unknown>;
}

interface ShopModule {
  readonly open: (url: string) => Shop | Promise<Shop>;
}

export async function openShop(library: string, url: string): Promise<Shop> {
  const file = fixture('postgres', 'shops', `${library}.mjs`);
  const { open } = (await import(pathToFileURL(file).href)) as ShopModule;

  return open(url);
}
