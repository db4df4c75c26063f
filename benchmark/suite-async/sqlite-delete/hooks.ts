import type { RootHookObject } from 'mocha';
import { db } from '../../../examples/providers-express/src/db.js';
import { migrate } from '../../../examples/providers-express/src/migrate.js';

// Children before their parents, for the foreign keys' sake.
const TABLES = ['tokens', 'connections', 'providers'];

/** The tables, before mocha's clock starts. */
export async function mochaGlobalSetup(): Promise<void> {
  await migrate();
}

/** The tables are empty before each test, and the pool is closed so that mocha can end. */
export const mochaHooks: RootHookObject = {
  async beforeEach() {
    for (const table of TABLES) await db(table).delete();
  },

  async afterAll() {
    await db.destroy();
  },
};
