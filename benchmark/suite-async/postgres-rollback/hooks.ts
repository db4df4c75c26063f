import type { RootHookObject } from 'mocha';
import { testTransaction } from 'pg-transactional-tests';
import { app } from '../../../examples/providers-fastify/src/app.js';
import { migrate } from '../../../examples/providers-fastify/src/migrate.js';

/** The tables and the app, before mocha's clock starts. */
export async function mochaGlobalSetup(): Promise<void> {
  testTransaction.start();
  await migrate();
  await app.ready();
}

/** A transaction around each test, and the connection closed so that mocha can end. */
export const mochaHooks: RootHookObject = {
  beforeEach() {
    testTransaction.start();
  },

  async afterEach() {
    await testTransaction.rollback();
  },

  async afterAll() {
    await testTransaction.close();
    await app.close();
  },
};
