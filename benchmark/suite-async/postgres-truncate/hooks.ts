import type { RootHookObject } from 'mocha';
import { app } from '../../../examples/providers-fastify/src/app.js';
import { pool } from '../../../examples/providers-fastify/src/db.js';
import { migrate } from '../../../examples/providers-fastify/src/migrate.js';

/** The tables and the app, before mocha's clock starts. */
export async function mochaGlobalSetup(): Promise<void> {
  await migrate();
  await app.ready();
}

/** The tables are empty before each test, and the pool is closed so that mocha can end. */
export const mochaHooks: RootHookObject = {
  async beforeEach() {
    await pool.query('truncate providers, connections, tokens');
  },

  async afterAll() {
    await app.close();
  },
};
