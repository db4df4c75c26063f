import type { Selectable } from 'kysely';
import { db, type Db } from '../db.js';
import type { ProviderStatus, ProviderTable } from '../tables.js';

export type ProviderRow = Selectable<ProviderTable>;

/** What a client may say about a provider. */
export interface ProviderInput {
  name: string;
  country: string;
  status?: ProviderStatus;
}

export interface ProviderFilter {
  country?: string;
  status?: ProviderStatus;
}

export interface Page {
  page: number;
  perPage: number;
}

/** `Crédit Agricole S.A.` becomes `credit-agricole-s-a`. */
export function slugify(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** An institution that accounts can be connected to. */
export class Provider {
  readonly id: number;
  readonly name: string;
  readonly slug: string;
  readonly country: string;
  readonly status: ProviderStatus;
  readonly createdAt: Date;

  constructor(row: ProviderRow) {
    this.id = row.id;
    this.name = row.name;
    this.slug = row.slug;
    this.country = row.country;
    this.status = row.status;
    this.createdAt = row.created_at;
  }

  static async find(id: number, on: Db = db): Promise<Provider | undefined> {
    const row = await on.selectFrom('providers').selectAll().where('id', '=', id).executeTakeFirst();

    return row && new Provider(row);
  }

  /** Like {@link find}, and until the transaction's end nobody else can change or delete it. */
  static async hold(id: number, on: Db): Promise<Provider | undefined> {
    const row = await on.selectFrom('providers').selectAll().where('id', '=', id).forShare().executeTakeFirst();

    return row && new Provider(row);
  }

  /** One page of the providers in the order of their names, and how many there are in all. */
  static async list(filter: ProviderFilter, { page, perPage }: Page): Promise<{ items: Provider[]; total: number }> {
    const wanted = db.selectFrom('providers').where((eb) => eb.and({ ...filter }));

    const [rows, { total }] = await Promise.all([
      wanted
        .selectAll()
        .orderBy('name')
        .limit(perPage)
        .offset((page - 1) * perPage)
        .execute(),
      wanted.select(({ fn }) => fn.countAll().as('total')).executeTakeFirstOrThrow(),
    ]);

    return { items: rows.map((row) => new Provider(row)), total: Number(total) };
  }

  static async insert(input: ProviderInput, on: Db = db): Promise<Provider> {
    const row = await on
      .insertInto('providers')
      .values({ ...input, slug: slugify(input.name) })
      .returningAll()
      .executeTakeFirstOrThrow();

    return new Provider(row);
  }

  /** Returns undefined when there is no such provider. */
  static async update(id: number, changes: Partial<ProviderInput>, on: Db = db): Promise<Provider | undefined> {
    const slug = changes.name === undefined ? {} : { slug: slugify(changes.name) };
    const row = await on
      .updateTable('providers')
      .set({ ...changes, ...slug })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();

    return row && new Provider(row);
  }

  /** Returns whether there was such a provider. */
  static async delete(id: number, on: Db = db): Promise<boolean> {
    const { numDeletedRows } = await on.deleteFrom('providers').where('id', '=', id).executeTakeFirst();

    return numDeletedRows > 0;
  }
}
