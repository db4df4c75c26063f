import { createRequire } from 'node:module';
import { expect } from 'chai';
import knex, { type Knex } from 'knex';
import { DataTypes, Sequelize } from 'sequelize';
import { DataSource, EntitySchema } from 'typeorm';
import type { Sandbox } from '#src/engine/index.js';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import sqlite3 from '#src/engine/sqlite/drivers/sqlite3.js';
import { requireReal } from '#src/engine/swap/index.js';
import { begin, open } from './support.js';

/** An open library, and how to ask it. */
interface App<Library> {
  readonly library: Library;
  query(sql: string): Promise<unknown>;
  close(): Promise<void>;
}

/** What a library does, by the driver's name. */
interface Kind<Library> {
  open(driver: unknown): Promise<App<Library>>;
  readonly drivers: readonly [real: unknown, dropIn: unknown];
  readonly operations: Readonly<Record<string, (library: Library) => Promise<unknown>>>;
}

const BETTER = [requireReal('better-sqlite3', process.cwd()), Database] as const;
const CALLBACKS = [requireReal('sqlite3', process.cwd()), sqlite3] as const;

const SCHEMA = [
  'CREATE TABLE parents (id INTEGER PRIMARY KEY, name VARCHAR(255), age INTEGER)',
  'CREATE TABLE cascading (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id) ON DELETE CASCADE)',
  'CREATE TABLE nulled (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id) ON DELETE SET NULL)',
  "INSERT INTO parents VALUES (1, 'one', 10), (2, 'two', NULL)",
  'INSERT INTO cascading VALUES (10, 1), (11, 2)',
  'INSERT INTO nulled VALUES (20, 1), (21, 2)',
];
const STRICT = [
  'CREATE TABLE strict (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, CONSTRAINT fk FOREIGN KEY (parent) REFERENCES parents (id))',
  'INSERT INTO strict VALUES (30, 1)',
];

function knexKind(dialect: string, drivers: Kind<Knex>['drivers'], settings: Knex.Config = {}): Kind<Knex> {
  return {
    drivers,
    async open(driver) {
      const Base = createRequire(import.meta.url)(`knex/lib/dialects/${dialect}/index.js`) as typeof knex.Client;
      class Client extends Base {
        _driver(): unknown {
          return driver;
        }
      }
      const library = knex({
        client: Client,
        connection: { filename: ':memory:' },
        useNullAsDefault: true,
        ...settings,
      });
      for (const sql of [...SCHEMA, ...STRICT]) await library.raw(sql);
      return {
        library,
        query: async (sql) => (await library.raw(sql)) as unknown,
        close: () => library.destroy(),
      };
    },
    operations: {
      'alter a column': (db) => db.schema.alterTable('parents', (table) => table.text('name').notNullable().alter()),
      'alter twice': async (db) => {
        await db.schema.alterTable('parents', (table) => table.text('name').alter());
        await db.schema.alterTable('cascading', (table) => table.text('parent').alter());
      },
      'alter in a transaction': (db) =>
        db.transaction(async (trx) => {
          await trx('strict').delete();
          await trx.schema.alterTable('parents', (table) => table.text('name').alter());
        }),
      'alter in a transaction that is forbidden by a child': (db) =>
        db.transaction((trx) => trx.schema.alterTable('parents', (table) => table.text('name').alter())),
      'drop a column': (db) => db.schema.alterTable('parents', (table) => table.dropColumn('age')),
      'rename a column': (db) => db.schema.alterTable('parents', (table) => table.renameColumn('name', 'title')),
      'rename the parent': (db) => db.schema.renameTable('parents', 'people'),
      'make a column nullable and not': async (db) => {
        await db.schema.alterTable('strict', (table) => table.setNullable('parent'));
        await db.schema.alterTable('strict', (table) => table.dropNullable('parent'));
      },
      'take a null column that has nulls': (db) =>
        db.schema.alterTable('parents', (table) => table.dropNullable('age')),
      'drop a key and add one': async (db) => {
        await db.schema.alterTable('strict', (table) => table.dropForeign('parent', 'fk'));
        await db('parents').where({ id: 1 }).delete();
        await db.schema.alterTable('nulled', (table) =>
          table.foreign('parent').references('parents.id').onDelete('CASCADE'),
        );
        await db('parents').where({ id: 2 }).delete();
      },
      'add a key that rows violate': async (db) => {
        await db.schema.alterTable('strict', (table) => table.dropForeign('parent', 'fk'));
        await db('strict').insert({ id: 31, parent: 9 });
        await db.schema.alterTable('strict', (table) => table.foreign('parent').references('parents.id'));
      },
      'drop the parent': (db) => db.schema.dropTable('parents'),
      'drop all from the children on': async (db) => {
        for (const table of ['strict', 'nulled', 'cascading', 'parents']) await db.schema.dropTableIfExists(table);
      },
      truncate: (db) => db('parents').truncate(),
      'delete a parent': (db) => db('parents').where({ id: 2 }).delete(),
      'write orphans': async (db) => {
        await db('cascading').insert({ id: 12, parent: 9 });
        await db('strict').insert({ id: 32, parent: 9 });
      },
      'turn keys off around it': async (db) => {
        await db.raw('PRAGMA foreign_keys = OFF');
        await db('parents').truncate();
        await db.schema.dropTable('parents');
        await db.raw('PRAGMA foreign_keys = ON');
        await db('strict').insert({ id: 31, parent: 9 });
      },
    },
  };
}

const entity = (name: string, columns: Record<string, object>): EntitySchema => {
  const id = { type: Number, primary: true };
  return new EntitySchema({ name, tableName: name, columns: { id, ...columns } });
};
const before = (): EntitySchema[] => entities({ name: { type: String }, age: { type: Number, nullable: true } });

function entities(columns: Record<string, object>): EntitySchema[] {
  const key = (name: string, onDelete: 'CASCADE' | 'SET NULL' | 'NO ACTION'): EntitySchema =>
    new EntitySchema({
      name,
      tableName: name,
      columns: { id: { type: Number, primary: true } },
      relations: { parent: { type: 'many-to-one', target: 'parents', onDelete, nullable: true } } as never,
    });
  return [
    entity('parents', columns),
    key('cascading', 'CASCADE'),
    key('nulled', 'SET NULL'),
    key('strict', 'NO ACTION'),
  ];
}

const typeorm: Kind<DataSource> = {
  drivers: BETTER,
  async open(driver) {
    const library = new DataSource({ type: 'better-sqlite3', database: ':memory:', driver, entities: before() });
    await library.initialize();
    await library.synchronize();
    await library.query("INSERT INTO parents VALUES (1, 'one', 10), (2, 'two', NULL)");
    await library.query('INSERT INTO cascading VALUES (10, 1), (11, 2)');
    await library.query('INSERT INTO nulled VALUES (20, 1), (21, 2)');
    await library.query('INSERT INTO strict VALUES (30, 1)');
    return { library, query: (sql) => library.query(sql), close: () => library.destroy() };
  },
  operations: {
    'synchronize a changed column': (source) =>
      change(source, entities({ name: { type: 'text' }, age: { type: Number, nullable: true } })),
    'synchronize a unique column and an added one': (source) =>
      change(
        source,
        entities({
          name: { type: String, unique: true },
          age: { type: String, nullable: true },
          more: { type: Number, default: 3 },
        }),
      ),
    'synchronize what rows forbid': (source) =>
      change(source, entities({ name: { type: String }, age: { type: Number } })),
    'synchronize twice': async (source) => {
      await change(source, entities({ name: { type: 'text' } }));
      await change(source, before());
    },
    'synchronize anew': (source) => source.synchronize(true),
    'drop the database': (source) => source.dropDatabase(),
    'clear a parent': (source) => source.getRepository('parents').clear(),
    'clear a child': (source) => source.getRepository('strict').clear(),
    'delete a parent': (source) => source.getRepository('parents').delete(2),
    'delete a parent that is held': (source) => source.getRepository('parents').delete(1),
    'write an orphan': (source) => source.getRepository('strict').insert({ id: 31, parent: { id: 9 } }),
    'drop a table by its query runner': async (source) => {
      const runner = source.createQueryRunner();
      await runner.dropTable('parents');
    },
    'change a column by its query runner': async (source) => {
      const runner = source.createQueryRunner();
      await runner.dropColumn('parents', 'age');
      await runner.renameColumn('parents', 'name', 'title');
      await runner.dropForeignKey('strict', (await runner.getTable('strict'))?.foreignKeys[0] ?? '');
      await runner.query('DELETE FROM parents WHERE id = 1');
    },
  },
};

async function change(source: DataSource, schemas: EntitySchema[]): Promise<void> {
  source.setOptions({ entities: schemas });
  await (source as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
  await source.synchronize();
}

function define(library: Sequelize): void {
  const options = { timestamps: false, freezeTableName: true };
  const id = { type: DataTypes.INTEGER, primaryKey: true };
  const parents = library.define('parents', { id, name: DataTypes.STRING, age: DataTypes.INTEGER }, options);
  for (const [name, onDelete] of [
    ['cascading', 'CASCADE'],
    ['nulled', 'SET NULL'],
    ['strict', 'NO ACTION'],
  ] as const) {
    library.define(name, { id }, options).belongsTo(parents, { as: 'owner', foreignKey: 'parent', onDelete });
  }
}

const sequelize: Kind<Sequelize> = {
  drivers: CALLBACKS,
  async open(driver) {
    const library = new Sequelize({
      dialect: 'sqlite',
      dialectModule: driver as object,
      storage: ':memory:',
      logging: false,
    });
    for (const sql of [...SCHEMA, ...STRICT]) await library.query(sql);
    define(library);
    return { library, query: async (sql) => (await library.query(sql))[0], close: () => library.close() };
  },
  operations: {
    sync: (library) => library.sync(),
    'sync by force': (library) => library.sync({ force: true }),
    'sync by alter': (library) => library.sync({ alter: true }),
    'sync the parent by force': (library) => library.model('parents').sync({ force: true }),
    'sync a child by force': (library) => library.model('strict').sync({ force: true }),
    drop: (library) => library.drop(),
    'drop the parent': (library) => library.model('parents').drop(),
    'drop all tables': (library) => library.getQueryInterface().dropAllTables(),
    truncate: (library) => library.truncate(),
    'truncate with cascade': (library) => library.truncate({ cascade: true, restartIdentity: true }),
    'truncate the parent': (library) => library.model('parents').truncate(),
    'destroy a parent': (library) => library.model('parents').destroy({ where: { id: 2 } }),
    'destroy a parent that is held': (library) => library.model('parents').destroy({ where: { id: 1 } }),
    'write an orphan': (library) => library.model('strict').create({ id: 31, parent: 9 }),
    'change a column': (library) =>
      library.getQueryInterface().changeColumn('parents', 'name', { type: DataTypes.TEXT }),
    'remove a column of a child': (library) => library.getQueryInterface().removeColumn('strict', 'parent'),
    'remove a column of the parent': (library) => library.getQueryInterface().removeColumn('parents', 'age'),
    'add a constraint': (library) =>
      library.getQueryInterface().addConstraint('parents', { type: 'unique', fields: ['name'], name: 'u' }),
    'keys off in a transaction': (library) =>
      library.transaction(async (transaction) => {
        await library.query('PRAGMA foreign_keys = OFF', { transaction });
        await library.model('strict').destroy({ where: {}, transaction });
        await library.model('parents').destroy({ where: {}, transaction });
        await library.query('PRAGMA foreign_keys = ON', { transaction });
      }),
  },
};

const pool: Knex.Config = {
  pool: {
    min: 1,
    max: 1,
    afterCreate: (
      connection: { run(sql: string, done: (error: unknown) => void): void },
      done: (error: unknown) => void,
    ) => connection.run('PRAGMA foreign_keys = ON', done),
  },
};

const KINDS = {
  'Knex on better-sqlite3': tried(knexKind('better-sqlite3', BETTER)),
  'Knex on sqlite3': tried(knexKind('sqlite3', CALLBACKS)),
  'Knex on sqlite3, keys on': tried(knexKind('sqlite3', CALLBACKS, pool)),
  TypeORM: tried(typeorm),
  Sequelize: tried(sequelize),
};

type Tried = readonly [operation: string, run: Record<'real' | 'dropIn', () => Promise<unknown>>];

function tried<Library>(kind: Kind<Library>): Tried[] {
  const [real, dropIn] = kind.drivers;
  return Object.entries(kind.operations).map(([operation, work]) => [
    operation,
    { real: () => outcome(kind, real, work), dropIn: () => outcome(kind, dropIn, work) },
  ]);
}

/** What the operation answers with, and what is there behind it. */
async function outcome<Library>(kind: Kind<Library>, driver: unknown, work: (library: Library) => Promise<unknown>) {
  const app = await kind.open(driver);
  const said: unknown[] = [];
  const say = async (sql: string): Promise<unknown> => {
    const rows = await app.query(sql);
    said.push([sql, rows]);
    return rows;
  };

  try {
    await work(app.library);
    said.push('done');
  } catch (error) {
    said.push(String(error));
  }
  await say('PRAGMA foreign_keys');
  const tables = await say("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name");
  for (const { name, sql } of tables as { name: string; sql: string | null }[])
    if (sql?.startsWith('CREATE TABLE') === true) await say(`SELECT * FROM "${name}" ORDER BY id`);
  const violations = (await app.query('PRAGMA foreign_key_check')) as unknown[];
  said.push(violations.map((row) => JSON.stringify(row)).sort());
  await app.close();
  // Knex and TypeORM make names of their own.
  return JSON.parse(JSON.stringify(said).replace(/_knex_temp_alter\d+|[0-9a-f]{26}/g, 'made')) as unknown;
}

describe('foreign keys under a library', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await open('CREATE TABLE before (a); CREATE TABLE held (a REFERENCES before)', {
      foreignKeys: undefined,
    });
    sandbox.session.script('DROP TABLE held; DROP TABLE before');
    begin(sandbox, 'a test');
  });

  afterEach(() => sandbox.close());

  for (const [title, operations] of Object.entries(KINDS)) {
    describe(`are those of production: ${title}`, () => {
      for (const [operation, { real, dropIn }] of operations) {
        it(operation, async () => {
          const expected = await real();
          expect(await dropIn()).to.deep.equal(expected);

          sandbox.end();
          begin(sandbox, 'one in which something was written before');
          sandbox.session.script('CREATE TEMP TABLE p (id PRIMARY KEY); CREATE TEMP TABLE c (p REFERENCES p)');
          expect(await dropIn()).to.deep.equal(expected);
        });
      }
    });
  }
});
