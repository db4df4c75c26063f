import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { fixture } from '../../run-mocha.js';
import { inEveryPlace } from './in-every-place.js';

const LIBRARIES = ['node-pg-migrate', 'knex', 'kysely', 'drizzle', 'typeorm', 'sequelize', 'mikro-orm'];
const FILE = pathToFileURL(fixture('postgres', 'migrations', 'migrate.mjs')).href;

interface MigrateModule {
  readonly migrations: Readonly<Record<string, (url: string) => Promise<void>>>;
}

inEveryPlace('migrations', (here) => {
  for (const library of LIBRARIES)
    it(`of ${library}`, async () => {
      const { migrations } = (await import(FILE)) as MigrateModule;
      await migrations[library]!(here.place.url);

      expect(
        await here.place.rows('select name, colour::text from items join parts on parts.item_id = items.id'),
      ).to.deep.equal([{ name: 'Tea; COMMIT', colour: 'red' }]);

      if (here.kind === 'sandbox')
        expect(
          await here.afterwards(
            "select table_name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')",
          ),
        ).to.deep.equal([{ table_name: 'items' }]);
    });
});
