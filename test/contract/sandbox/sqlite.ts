import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from '#src/engine/sqlite/drivers/better-sqlite3.js';
import type { Row } from '#src/engine/index.js';
import { connect } from '../../integration/sqlite/support.js';
import { failureOf } from './scene.js';
import { type AppConnection, prepareEngine, type Subject } from './subject.js';

/** The drop-in drivers, and how a statement is sent through each. */
const CONNECT: Readonly<Record<'sqlite3' | 'better-sqlite3', (file: string) => AppConnection>> = {
  sqlite3(file) {
    const database = connect(file);
    return { query: (sql) => database.all(sql), close: () => database.close() };
  },
  'better-sqlite3'(file) {
    const database = new Database(file);
    return {
      // Async, so that what is thrown rejects.
      query: async (sql) => {
        const statement = database.prepare(sql);
        return Promise.resolve(statement.reader ? (statement.all() as Row[]) : (statement.run(), []));
      },
      close: async () => {
        database.close();
        return Promise.resolve();
      },
    };
  },
};

/** SQLite, with an app that has that driver. */
export function sqliteBy(driver: keyof typeof CONNECT): Subject {
  return {
    engine: 'SQLite',
    host: "in the test's thread",
    driver,
    waits: driver === 'sqlite3',
    connectionName: new RegExp(`^${driver} connection \\d+$`),
    numbered: 'INTEGER PRIMARY KEY AUTOINCREMENT',
    setting: {
      set: 'PRAGMA recursive_triggers = 1',
      show: 'PRAGMA recursive_triggers',
      value: '1',
    },

    async prepare(timeouts) {
      const folder = mkdtempSync(join(tmpdir(), 'lockstep-contract-'));
      const file = join(folder, 'contract-test.db');
      const engine = await prepareEngine({
        engine: 'sqlite',
        file,
        swap: [],
        foreignKeys: true,
        allowAnyDatabase: false,
        root: process.cwd(),
        ...timeouts,
      });

      return {
        ...engine,
        connect: () => Promise.resolve(CONNECT[driver](file)),
        lose: (app) => failureOf(() => app.query('INSERT OR ROLLBACK INTO item VALUES (99), (99)')),
        withdraw: async () => {
          await engine.withdraw();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  };
}
