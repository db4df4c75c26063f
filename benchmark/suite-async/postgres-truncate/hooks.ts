import type { RootHookObject } from 'mocha';
import { app } from '../../../examples/providers-fastify/src/app.js';
import { pool } from '../../../examples/providers-fastify/src/db.js';
import { migrate } from '../../../examples/providers-fastify/src/migrate.js';

/** The tables once, empty before each test, and the pool closed so that mocha can end. */
export const mochaHooks: RootHookObject = {
  async beforeAll() {
    await migrate();
    await app.ready();
  },

  async beforeEach() {
    await pool.query('truncate providers, connections, tokens');
  },

  async afterAll() {
    await app.close();
  },
};
