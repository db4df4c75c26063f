import type { Collection, EntityManager as Em, EntityRepository, Ref } from '@mikro-orm/core';
import type { EntityManager as MikroEntityManager } from '@mikro-orm/better-sqlite';
import { eq } from 'drizzle-orm';
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { expectTypeOf } from 'expect-type';
import type { Knex } from 'knex';
import type { Generated, Kysely } from 'kysely';
import { sync, syncify, type Sync } from 'lockstep';
import {
  DataTypes,
  Model,
  type CreationOptional,
  type HasManyGetAssociationsMixin,
  type InferAttributes,
  type InferCreationAttributes,
  type Sequelize,
} from 'sequelize';
import type { DataSource, EntityManager, Repository } from 'typeorm';

/* The functions below are never called: only their types are looked at. */

describe('types of syncify: Knex', () => {
  interface Row {
    id: number;
    name: string;
  }

  it('rows come from sync()', () => {
    (knex: Knex): void => {
      const db = syncify(knex);

      expectTypeOf(sync(db<Row>('users').where({ id: 1 }).select('name'))).toEqualTypeOf<Pick<Row, 'name'>[]>();
      expectTypeOf(sync(db<Row>('users').first())).toEqualTypeOf<Row | undefined>();
      expectTypeOf(sync(db('users').insert({ name: 'a' }))).toEqualTypeOf<number[]>();
      expectTypeOf(sync(db.schema.hasTable('users'))).toEqualTypeOf<boolean>();
    };
  });

  it('transactions are synchronous, their callbacks are not', () => {
    (knex: Knex): void => {
      const db = syncify(knex);
      const trx = db.transaction();

      expectTypeOf(trx.isCompleted()).toEqualTypeOf<boolean>();
      expectTypeOf(sync(trx<Row>('users').select())).toEqualTypeOf<Row[]>();
      expectTypeOf(db.transaction(async (inner) => inner<Row>('users').first())).toEqualTypeOf<Row | undefined>();
      expectTypeOf(db.destroy()).toEqualTypeOf<void>();
    };
  });
});

describe('types of syncify: Kysely', () => {
  interface Tables {
    users: { id: Generated<number>; name: string };
    posts: { id: Generated<number>; title: string; user_id: number };
  }

  it('queries keep the types of Kysely', () => {
    (kysely: Kysely<Tables>): void => {
      const db = syncify(kysely);
      const query = db.selectFrom('users').where('id', '=', 1).select('name');

      expectTypeOf(sync(query.execute())).toEqualTypeOf<{ name: string }[]>();
      expectTypeOf(sync(db.selectFrom('posts').selectAll().executeTakeFirstOrThrow()).title).toEqualTypeOf<string>();
      expectTypeOf(sync(db.insertInto('users').values({ name: 'a' }).returning('id').execute())).toEqualTypeOf<
        { id: number }[]
      >();
      // @ts-expect-error no such column
      db.selectFrom('users').select('title');
      expectTypeOf(
        sync(
          db
            .with('u', () => query)
            .selectFrom('u')
            .selectAll()
            .execute(),
        ),
      ).toEqualTypeOf<{ name: string }[]>();
    };
  });

  it('everything else is synchronous', () => {
    (kysely: Kysely<Tables>): void => {
      const db = syncify(kysely);

      expectTypeOf(
        db.transaction().execute(async (trx) => trx.selectFrom('users').select('id').executeTakeFirst()),
      ).toEqualTypeOf<{ id: number } | undefined>();
      expectTypeOf(db.introspection.getTables()[0]?.name).toEqualTypeOf<string | undefined>();
      expectTypeOf(db.destroy()).toEqualTypeOf<void>();
    };
  });
});

describe('types of syncify: Drizzle', () => {
  const users = sqliteTable('users', { id: integer().primaryKey(), name: text().notNull() });
  interface User {
    id: number;
    name: string;
  }

  it('rows come from sync()', () => {
    (drizzle: BetterSQLite3Database<{ users: typeof users }>): void => {
      const db = syncify(drizzle);

      expectTypeOf(sync(db.select().from(users).where(eq(users.id, 1)))).toEqualTypeOf<User[]>();
      expectTypeOf(sync(db.select({ name: users.name }).from(users))).toEqualTypeOf<{ name: string }[]>();
      expectTypeOf(sync(db.insert(users).values({ name: 'a' }).returning())).toEqualTypeOf<User[]>();
      expectTypeOf(sync(db.query.users.findFirst())).toEqualTypeOf<User | undefined>();
      expectTypeOf(db.select().from(users).all()).toEqualTypeOf<User[]>();
    };
  });
});

describe('types of syncify: TypeORM', () => {
  class User {
    id!: number;
    name!: string;
    posts!: Promise<Post[]>;
  }
  class Post {
    id!: number;
    title!: string;
    user!: Promise<User>;
  }

  it('repositories', () => {
    (repository: Repository<User>, posts: Repository<Post>): void => {
      const users = syncify(repository);

      expectTypeOf(users.findOneBy({ id: 1 })).toEqualTypeOf<Sync<User> | null>();
      expectTypeOf(users.findOneByOrFail({ id: 1 }).name).toEqualTypeOf<string>();
      expectTypeOf(users.find({ where: { name: 'a' } })[0]?.posts[0]?.user.name).toEqualTypeOf<string | undefined>();
      expectTypeOf(users.findAndCount()[1]).toEqualTypeOf<number>();
      expectTypeOf(users.count()).toEqualTypeOf<number>();
      // @ts-expect-error no such column
      users.findOneBy({ nick: 'a' });

      const user = users.create({ name: 'a' });
      expectTypeOf(users.save(user).id).toEqualTypeOf<number>();
      expectTypeOf(users.save({ name: 'a' }).name).toEqualTypeOf<string>();
      expectTypeOf(
        syncify(posts).save({ title: 'a', user: users.findOneByOrFail({ id: 1 }) }).title,
      ).toEqualTypeOf<string>();
      expectTypeOf(users.createQueryBuilder('u').where('id = :id', { id: 1 }).getMany()).toEqualTypeOf<Sync<User>[]>();
    };
  });

  it('data sources, managers and query runners', () => {
    (source: DataSource): void => {
      const dataSource = syncify(source);

      expectTypeOf(dataSource.manager.findOneByOrFail(User, { id: 1 }).posts).toEqualTypeOf<Sync<Post>[]>();
      expectTypeOf(dataSource.manager.find(User)).toEqualTypeOf<Sync<User>[]>();
      expectTypeOf(dataSource.manager.count(User)).toEqualTypeOf<number>();
      expectTypeOf(
        dataSource.transaction(async (manager: EntityManager) => manager.findOneBy(User, { id: 1 })),
      ).toEqualTypeOf<User | null>();
      expectTypeOf(dataSource.transaction('SERIALIZABLE', async () => Promise.resolve(1))).toEqualTypeOf<number>();

      const runner = dataSource.createQueryRunner();
      expectTypeOf(runner.startTransaction()).toEqualTypeOf<void>();
      expectTypeOf(runner.hasTable('users')).toEqualTypeOf<boolean>();
      expectTypeOf(runner.manager.find(User)).toEqualTypeOf<Sync<User>[]>();
    };
  });
});

describe('types of syncify: Sequelize', () => {
  class Post extends Model<InferAttributes<Post>, InferCreationAttributes<Post>> {
    declare id: CreationOptional<number>;
    declare title: string;
  }
  class User extends Model<InferAttributes<User>, InferCreationAttributes<User>> {
    declare id: CreationOptional<number>;
    declare name: string;
    declare getPosts: HasManyGetAssociationsMixin<Post>;
  }

  it('models', () => {
    (sequelize: Sequelize): void => {
      User.init({ id: { type: DataTypes.INTEGER, primaryKey: true }, name: DataTypes.STRING }, { sequelize });
      const Users = syncify(User);

      expectTypeOf(Users.findOne({ where: { name: 'a' } })?.name).toEqualTypeOf<string | undefined>();
      expectTypeOf(Users.findAll()[0]?.getPosts()[0]?.title).toEqualTypeOf<string | undefined>();
      expectTypeOf(Users.findAndCountAll().rows[0]?.name).toEqualTypeOf<string | undefined>();
      expectTypeOf(Users.findAndCountAll().count).toEqualTypeOf<number>();
      expectTypeOf(Users.findOrCreate({ where: { name: 'a' } })[0].name).toEqualTypeOf<string>();
      expectTypeOf(Users.create({ name: 'a' }).save().name).toEqualTypeOf<string>();
      expectTypeOf(Users.count()).toEqualTypeOf<number>();
      expectTypeOf(new Users({ name: 'a' }).reload().name).toEqualTypeOf<string>();
    };
  });

  it('transactions', () => {
    (sequelize: Sequelize): void => {
      const db = syncify(sequelize);
      const transaction = db.transaction();

      expectTypeOf(transaction.commit()).toEqualTypeOf<void>();
      syncify(User).create({ name: 'a' }, { transaction });
      expectTypeOf(db.transaction(async () => Promise.resolve(1))).toEqualTypeOf<number>();
    };
  });
});

describe('types of syncify: MikroORM', () => {
  class User {
    id!: number;
    name!: string;
    posts!: Collection<Post>;
  }
  class Post {
    id!: number;
    title!: string;
    user!: Ref<User>;
  }

  it('entity managers', () => {
    (manager: MikroEntityManager, em: Em): void => {
      const each = syncify(em);
      const user = each.findOneOrFail(User, { name: 'a' });

      expectTypeOf(user.name).toEqualTypeOf<string>();
      expectTypeOf(user.posts.loadItems()[0]?.title).toEqualTypeOf<string | undefined>();
      expectTypeOf(each.findOne(Post, 1)?.user.load()?.name).toEqualTypeOf<string | undefined>();
      expectTypeOf(each.find(User, {})[0]?.name).toEqualTypeOf<string | undefined>();
      expectTypeOf(each.count(User)).toEqualTypeOf<number>();
      expectTypeOf(each.flush()).toEqualTypeOf<void>();
      expectTypeOf(each.persistAndFlush(user)).toEqualTypeOf<void>();
      expectTypeOf(each.transactional(async (inner) => inner.count(User))).toEqualTypeOf<number>();
      expectTypeOf(syncify(manager).findOneOrFail(User, 1).name).toEqualTypeOf<string>();
    };
  });

  it('repositories', () => {
    (repository: EntityRepository<User>): void => {
      const users = syncify(repository);

      expectTypeOf(users.findOne({ id: 1 })?.name).toEqualTypeOf<string | undefined>();
      expectTypeOf(users.findAll()[0]?.posts.loadItems()[0]?.title).toEqualTypeOf<string | undefined>();
    };
  });
});
