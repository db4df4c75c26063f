import { inLongRun } from '../../long-run.js';
import { behaviours } from './behaviours.js';
import type { Place } from './place.js';
import { PLACES, places } from './places.js';
import { generatePrismaClient } from './prisma-client.js';

/** Drivers, a query builder and an ORM; then more of the same. */
const LIBRARIES = inLongRun(
  ['pg-pool', 'pg-client', 'postgres-js', 'knex', 'sequelize'],
  ['kysely', 'drizzle-node-postgres', 'drizzle-postgres-js', 'typeorm', 'mikro-orm', 'slonik', 'prisma'],
);

describe('the ecosystem', function () {
  if (LIBRARIES.includes('prisma'))
    before(function () {
      this.timeout(60_000);
      return generatePrismaClient();
    });

  for (const kind of PLACES)
    describe(kind, () => {
      let place: Place;

      before(async () => {
        place = await places[kind]();
      });
      after(() => place.close());

      for (const library of LIBRARIES)
        describe(library, () => {
          behaviours(library, kind, () => place);
        });
    });
});
