import type pg from 'pg';
import type { PostgresOptions } from '#src/engine/postgres/options.js';
import { connected, inTest, useSandbox } from '../sandbox.js';
import { newDatabase } from '../server.js';
import type { Both } from './search.js';
import { type Answers, Side } from './side.js';
import { changesSchema } from './statements.js';

/** The databases of a `describe`, which have the same tables. */
export interface Databases {
  /** What their names begin with. */
  readonly name: string;
  readonly schema: string;
  /** Empties the tables. */
  readonly empty: string;
  /** How many clients there are on each side. */
  readonly clients: number;
  readonly options?: Partial<PostgresOptions>;
}

/** The same clients on a real connection each and through the sandbox. */
export interface BothSides {
  readonly open: () => Promise<unknown>;
  /** Does the work on both sides, then puts the real tables back; `text` is all that is sent. */
  perform(text: string, work: (side: Side) => Promise<Answers>): Promise<Both>;
}

/** Opens both sides for the tests of a `describe`. */
export function useBothSides({ name, schema, empty, clients, options }: Databases): BothSides {
  const at = useSandbox(`${name}_test`, schema, options);
  let cleaner: pg.Client;
  let direct: Side;
  let sandboxed: Side;

  before(async () => {
    const config = await newDatabase(`${name}_direct`);
    cleaner = await connected(config);
    await cleaner.query(schema);
    direct = new Side(config.host ?? '', `${name}_direct`, clients, false);
    sandboxed = new Side(new URL(at().url).searchParams.get('host') ?? '', `${name}_test`, clients, true);
  });
  after(async () => {
    direct.close();
    sandboxed.close();
    await cleaner.end();
  });

  return {
    open: () => Promise.all([direct.open(), sandboxed.open()]),
    async perform(text, work) {
      try {
        return await Promise.all([
          work(direct),
          inTest(at(), () => work(sandboxed)).catch((error: unknown): Answers => [['failed', String(error)]]),
        ]);
      } finally {
        await cleaner.query(
          changesSchema(text) ? `DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${schema}` : empty,
        );
      }
    },
  };
}
