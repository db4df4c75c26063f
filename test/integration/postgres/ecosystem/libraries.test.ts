import { behaviours } from './behaviours.js';
import { places } from './places.js';
import { generatePrismaClient } from './prisma-client.js';

const LIBRARIES = [
  'pg-pool',
  'pg-client',
  'postgres-js',
  'knex',
  'kysely',
  'drizzle-node-postgres',
  'drizzle-postgres-js',
  'typeorm',
  'sequelize',
  'mikro-orm',
  'slonik',
  'prisma',
];

describe('the ecosystem', function () {
  before(generatePrismaClient);

  for (const library of LIBRARIES)
    for (const [kind, open] of Object.entries(places))
      describe(`${library}, ${kind}`, () => {
        behaviours(library, open);
      });
});
