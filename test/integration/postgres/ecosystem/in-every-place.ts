import pg from 'pg';
import type { Place } from './place.js';
import { PLACES, places } from './places.js';

/** The place of the running test, and connections that are closed after it. */
export interface Here {
  readonly place: Place;
  readonly kind: Place['kind'];
  connect(config?: pg.ClientConfig): Promise<pg.Client>;
  pool(config?: pg.PoolConfig): pg.Pool;
  /** Names of all items, as the test sees them. */
  names(): Promise<unknown[]>;
  /** Waits until a statement sleeps in the server, by pg_sleep. */
  asleep(): Promise<void>;
  /** Ends the work of this test, and tells what a stranger sees afterwards. */
  afterwards(sql: string): Promise<Record<string, unknown>[]>;
}

/** The same suite on a real connection and through the sandbox: its expectations are what Postgres does. */
export function inEveryPlace(title: string, suite: (here: Here) => void): void {
  for (const kind of PLACES)
    describe(`${title}, ${kind}`, () => {
      let place: Place;
      let closing: (() => Promise<void>)[] = [];

      const closeAll = async (): Promise<void> => {
        await Promise.all(closing.map((close) => close()));
        closing = [];
      };

      before(async () => {
        place = await places[kind]();
      });
      beforeEach(function () {
        return place.begin(this.currentTest!.fullTitle());
      });
      afterEach(async () => {
        await closeAll();
        await place.end();
      });
      after(() => place.close());

      suite({
        kind,
        get place() {
          return place;
        },
        async connect(config) {
          const client = new pg.Client({ connectionString: place.url, ...config });
          client.on('error', () => undefined);
          await client.connect();
          closing.push(() => client.end());
          return client;
        },
        pool(config) {
          const pool = new pg.Pool({ connectionString: place.url, ...config });
          closing.push(() => pool.end());
          return pool;
        },
        async names() {
          return (await place.rows('select name from items order by id')).map(({ name }) => name);
        },
        async asleep() {
          const text = "select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
          while ((await place.committed(text)).length === 0);
        },
        async afterwards(sql) {
          await closeAll();
          await place.end();
          const rows = await place.committed(sql);
          await place.begin('for the hook');
          return rows;
        },
      });
    });
}

/** The first value of a statement's first row. */
export async function value(client: pg.Client, sql: string): Promise<unknown> {
  const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
  return rows[0]?.[0];
}

/** The SQLSTATE with which the work failed. */
export async function sqlState(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }

  return 'no error';
}
