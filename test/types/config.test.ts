import { expectTypeOf } from 'expect-type';

import { defineConfig, type Config, type SetupSession } from '#src/config/index.js';
import type { Session } from '#src/session/index.js';

describe('types of the config', () => {
  it('defineConfig takes every kind of app', () => {
    const given = [
      (): Readonly<Config> => defineConfig({}),
      (): Readonly<Config> => defineConfig({ app: './app.js#name' }),
      (): Readonly<Config> => defineConfig({ app: () => import('node:http') }),
      (): Readonly<Config> => defineConfig({ app: Promise.resolve({}) }),
      (): Readonly<Config> => defineConfig({ app: { fetch: () => new Response() } }),
    ];
    expectTypeOf(given).items.returns.toEqualTypeOf<Readonly<Config>>();
    // @ts-expect-error an app is no number
    const wrong: Config = { app: 5 };
    void wrong;
  });

  it('the database is told apart by its engine', () => {
    const full: Config = {
      database: {
        engine: 'sqlite',
        file: ':memory:',
        env: ['DB_FILE'],
        swap: ['sqlite3', 'better-sqlite3'],
        schema: ['a.sql'],
        seed: ({ session }) => void session.insert('providers', { name: 'Erste' }),
        isolation: 'rollback',
      },
    };
    void full;
    // @ts-expect-error the engine must be named
    const noEngine: Config = { database: { file: ':memory:' } };
    // @ts-expect-error no such engine
    const engine: Config = { database: { engine: 'oracle', file: ':memory:' } };
    // @ts-expect-error no such driver
    const driver: Config = { database: { engine: 'sqlite', file: ':memory:', swap: ['sqlite'] } };
    // @ts-expect-error not in this version
    const isolation: Config = { database: { engine: 'sqlite', file: ':memory:', isolation: 'truncate' } };
    void [noEngine, engine, driver, isolation];

    const postgres: Config = {
      database: {
        engine: 'postgres',
        url: process.env['TEST_URL'],
        env: 'PG*',
        swap: () => undefined,
        driver: 'builtin',
      },
    };
    const embedded: Config = { database: { engine: 'postgres', embedded: { settings: { jit: false } } } };
    // @ts-expect-error a key of SQLite
    const file: Config = { database: { engine: 'postgres', file: ':memory:' } };
    // @ts-expect-error a key of Postgres
    const url: Config = { database: { engine: 'sqlite', file: ':memory:', url: 'postgres://' } };
    // @ts-expect-error no driver is replaced for Postgres
    const swapped: Config = { database: { engine: 'postgres', swap: ['pg'] } };
    void [postgres, embedded, file, url, swapped];

    const several: Config = {
      databases: {
        main: { engine: 'postgres', seed: ({ session }) => void session.of('audit').insert('entries', {}) },
        audit: { engine: 'sqlite', file: ':memory:' },
        replica: { replicaOf: 'main', env: 'REPLICA_URL', readOnly: false },
      },
    };
    // @ts-expect-error a database is no path
    const path: Config = { databases: { main: './a.sqlite3' } };
    void [several, path];
  });

  it('an OpenAPI document is a path, an object, or a function', () => {
    interface Typed {
      openapi: string;
      paths: Record<string, object>;
    }
    const typed: Typed = { openapi: '3.1.0', paths: {} };
    const given: Config[] = [
      { client: { openapi: './openapi.json' } },
      { client: { openapi: { openapi: '3.1.0', paths: {} } } },
      { client: { openapi: typed } },
      { client: { openapi: () => typed } },
      { client: { openapi: { document: async () => Promise.resolve(typed), undeclared: 'ignore' } } },
    ];
    void given;
    // @ts-expect-error a mistyped option
    const mistyped: Config = { client: { openapi: { document: './openapi.json', undeclard: 'ignore' } } };
    // @ts-expect-error no such choice
    const choice: Config = { client: { openapi: { document: './openapi.json', undeclared: 'warn' } } };
    void [mistyped, choice];
  });

  it('unknown keys are refused', () => {
    // @ts-expect-error a mistyped key
    const wrong: Config = { databse: {} };
    void wrong;
  });

  it('a setup function may be async', () => {
    const config: Config = {
      database: {
        engine: 'sqlite',
        file: ':memory:',
        schema: async ({ session }) => Promise.resolve(session.exec('…')),
      },
    };
    void config;
  });

  it('the real session fits setup functions', () => {
    expectTypeOf<Session>().toExtend<SetupSession>();
  });
});
