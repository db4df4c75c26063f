import { createRequire } from 'node:module';
import { EntitySchema, MikroORM } from '@mikro-orm/core';
import { BetterSqliteDriver, BetterSqliteKnexDialect, knex as mikroKnex } from '@mikro-orm/better-sqlite';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { sql as drizzleSql } from 'drizzle-orm';
import knex, { type Knex } from 'knex';
import { Kysely, sql, SqliteDialect } from 'kysely';
import { Sequelize } from 'sequelize';
import { DataSource } from 'typeorm';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import sqlite3 from '#src/engine/sqlite/drivers/sqlite3.js';
import { connect } from './support.js';

/** An app that keeps names in a table `t (id, a)`, by whatever library. */
export interface App {
  insert(name: string): Promise<void>;
  names(): Promise<unknown[]>;
  close(): Promise<void>;
}

const INSERT = 'INSERT INTO t (a) VALUES (?)';
const SELECT = 'SELECT a FROM t ORDER BY id';

/** How each library opens a file by the drop-in. */
export const APPS: Readonly<Record<string, (file: string) => Promise<App>>> = {
  sqlite3: (file) => Promise.resolve(bySqlite3(file)),
  'better-sqlite3': (file) => Promise.resolve(byBetterSqlite3(file)),
  Sequelize: (file) => Promise.resolve(bySequelize(sequelizeOf(file))),
  'Sequelize, by a URL': (file) =>
    Promise.resolve(bySequelize(new Sequelize(`sqlite:${file}`, { dialectModule: sqlite3, logging: false }))),
  TypeORM: byTypeorm,
  Knex: (file) => Promise.resolve(byKnex(knexOf(file))),
  MikroORM: byMikroOrm,
  Kysely: (file) => Promise.resolve(byKysely(file)),
  Drizzle: (file) => Promise.resolve(byDrizzle(file)),
};

export function bySqlite3(file: string): App {
  const db = connect(file);

  return {
    insert: async (name) => void (await db.run(INSERT, name)),
    names: async () => named(await db.all(SELECT)),
    close: () => db.close(),
  };
}

export function byBetterSqlite3(file: string): App {
  const db = new Database(file);

  return {
    insert: (name) => Promise.resolve(void db.prepare(INSERT).run(name)),
    names: () => Promise.resolve(db.prepare(SELECT).pluck().all()),
    close: () => Promise.resolve(void db.close()),
  };
}

export function sequelizeOf(file: string): Sequelize {
  return new Sequelize({ dialect: 'sqlite', dialectModule: sqlite3, storage: file, logging: false });
}

export function bySequelize(app: Sequelize): App {
  return {
    insert: async (name) => void (await app.query(INSERT, { replacements: [name] })),
    names: async () => named((await app.query(SELECT))[0]),
    close: () => app.close(),
  };
}

export async function byTypeorm(file: string): Promise<App> {
  const source = new DataSource({ type: 'better-sqlite3', driver: Database, database: file, entities: [] });
  await source.initialize();

  return {
    insert: async (name) => void (await source.query(INSERT, [name])),
    names: async () => named(await source.query(SELECT)),
    close: () => source.destroy(),
  };
}

export function knexOf(file: string): Knex {
  const Client = createRequire(import.meta.url)('knex/lib/dialects/sqlite3/index.js') as new (
    config: unknown,
  ) => object;
  class TestClient extends Client {
    _driver(): unknown {
      return sqlite3;
    }
  }
  return knex({ client: TestClient as never, connection: { filename: file }, useNullAsDefault: true });
}

export function byKnex(db: Knex): App {
  return {
    insert: async (name) => void (await db('t').insert({ a: name })),
    names: async () => named(await db('t').select('a').orderBy('id')),
    close: () => db.destroy(),
  };
}

export async function byMikroOrm(file: string): Promise<App> {
  class TestClient extends (BetterSqliteKnexDialect as unknown as new (config: unknown) => object) {
    _driver(): unknown {
      return Database;
    }
  }
  const driverOptions = mikroKnex({
    client: TestClient as never,
    connection: { filename: file },
    useNullAsDefault: true,
  });
  const entity = new EntitySchema({
    name: 'T',
    tableName: 't',
    properties: { id: { type: 'number', primary: true }, a: { type: 'string' } },
  });
  const orm = await MikroORM.init({ driver: BetterSqliteDriver, dbName: file, entities: [entity], driverOptions });
  const connection = orm.em.getConnection();

  return {
    insert: async (name) => void (await connection.execute(INSERT, [name])),
    names: async () => named(await connection.execute(SELECT)),
    close: () => orm.close(),
  };
}

export function byKysely(file: string): App {
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: new Database(file) }) });

  return {
    insert: async (name) => void (await sql`INSERT INTO t (a) VALUES (${name})`.execute(db)),
    names: async () => named((await sql`SELECT a FROM t ORDER BY id`.execute(db)).rows),
    close: () => db.destroy(),
  };
}

export function byDrizzle(file: string): App {
  const client = new Database(file);
  const db = drizzle({ client: client as never });

  return {
    insert: (name) => Promise.resolve(void db.run(drizzleSql`INSERT INTO t (a) VALUES (${name})`)),
    names: () => Promise.resolve(named(db.all(drizzleSql`SELECT a FROM t ORDER BY id`))),
    close: () => Promise.resolve(void client.close()),
  };
}

function named(rows: unknown): unknown[] {
  return (rows as { a: unknown }[]).map(({ a }) => a);
}
