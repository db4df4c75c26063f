import type { Knex } from 'knex';
import { db } from '../db.js';

export type ProviderStatus = 'active' | 'suspended';

export interface ProviderRow {
  id: number;
  name: string;
  slug: string;
  country: string;
  status: ProviderStatus;
  created_at: string;
}

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
    this.createdAt = new Date(row.created_at);
  }

  static async find(id: number, on: Knex = db): Promise<Provider | undefined> {
    const row = await on<ProviderRow>('providers').where({ id }).first();

    return row && new Provider(row);
  }

  /** One page of the providers in the order of their names, and how many there are in all. */
  static async list(filter: ProviderFilter, { page, perPage }: Page): Promise<{ items: Provider[]; total: number }> {
    const [count] = await db('providers').where(filter).count({ total: '*' });
    const rows = await db<ProviderRow>('providers')
      .where(filter)
      .orderBy('name')
      .limit(perPage)
      .offset((page - 1) * perPage);

    return { items: rows.map((row) => new Provider(row)), total: Number(count?.['total']) };
  }

  static async insert(input: ProviderInput, on: Knex = db): Promise<Provider> {
    const [row] = await on<ProviderRow>('providers')
      .insert({ ...input, slug: slugify(input.name) })
      .returning('*');

    return new Provider(row!);
  }

  /** Returns undefined when there is no such provider. */
  static async update(id: number, changes: Partial<ProviderInput>, on: Knex = db): Promise<Provider | undefined> {
    const slug = changes.name === undefined ? {} : { slug: slugify(changes.name) };
    const [row] = await on<ProviderRow>('providers')
      .where({ id })
      .update({ ...changes, ...slug })
      .returning('*');

    return row && new Provider(row);
  }

  /** Returns whether there was such a provider. */
  static async delete(id: number, on: Knex = db): Promise<boolean> {
    return (await on('providers').where({ id }).delete()) > 0;
  }
}
