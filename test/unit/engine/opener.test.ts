import { expect } from 'chai';
import { type Opener, openerNamed, openerOf } from '#src/engine/sqlite/memory/opener.js';

/** For a file on the stack: who opens a database there. */
const FILES: readonly (readonly [file: string, name: string, kind: Opener['kind']])[] = [
  ['/app/src/db.js', '/app/src/db.js', 'app'],
  ['file:///app/src/db.ts', 'file:///app/src/db.ts', 'app'],
  ['C:\\app\\src\\db.js', 'C:\\app\\src\\db.js', 'app'],
  ['/app/node_modules/sequelize/lib/dialects/sqlite/connection-manager.js', 'sequelize', 'library'],
  ['file:///app/node_modules/drizzle-orm/better-sqlite3/driver.js', 'drizzle-orm', 'library'],
  ['C:\\app\\node_modules\\typeorm\\driver\\x.js', 'typeorm', 'library'],
  ['/app/node_modules/.pnpm/knex@3.1.0/node_modules/knex/lib/client.js', 'knex', 'pool'],
  ['/app/node_modules/@mikro-orm/sqlite/index.js', '@mikro-orm/sqlite', 'pool'],
  ['C:\\app\\node_modules\\@mikro-orm\\knex\\index.js', '@mikro-orm/knex', 'pool'],
  ['/app/node_modules/@libsql/client/lib-cjs/sqlite3.js', '@libsql/client', 'pool'],
  ['/app/node_modules/@prisma/adapter-better-sqlite3/dist/index.js', '@prisma/adapter-better-sqlite3', 'library'],
  ['/app/node_modules/kysely-sqlite-tools/index.js', 'kysely-sqlite-tools', 'library'],
  ['/app/node_modules/sqlite/build/index.js', 'sqlite', 'library'],
  ['/app/node_modules/@keyv/sqlite/dist/index.js', '@keyv/sqlite', 'package'],
  ['/app/node_modules/connect-sqlite3/lib/connect-sqlite3.js', 'connect-sqlite3', 'package'],
  // Nested: the innermost package is who opens it.
  ['/app/node_modules/knex/node_modules/tiny-cache/index.js', 'tiny-cache', 'package'],
  ['/app/node_modules/tiny-cache/node_modules/knex/index.js', 'knex', 'pool'],
];

describe('who opens a database in memory', () => {
  for (const [file, name, kind] of FILES) {
    it(`is ${kind} of ${file}`, () => expect(openerNamed(file)).to.deep.equal({ name, kind }));
  }

  it('is the nearest file on the stack, whoever formats stacks', () => {
    const limit = Error.stackTraceLimit;
    const former = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
    const value = (): string => 'none of it';
    const described = (): unknown => Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')?.value;
    try {
      Error.stackTraceLimit = 0;
      Object.defineProperty(Error, 'prepareStackTrace', { configurable: true, writable: true, value });
      expect(openerOf()).to.deep.equal({ name: import.meta.url, kind: 'app' });
      expect(Error.stackTraceLimit).to.equal(0);
      expect(described()).to.equal(value);
    } finally {
      Error.stackTraceLimit = limit;
      if (former === undefined) delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
      else Object.defineProperty(Error, 'prepareStackTrace', former);
    }
  });
});
