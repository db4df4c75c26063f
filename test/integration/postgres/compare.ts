import { expect } from 'chai';
import type pg from 'pg';
import { connected, inTest, type TestSandbox } from './sandbox.js';

/** A step of a case: SQL by the simple protocol, or with values by the extended one. `on` names the client. */
export type Step =
  | string
  | {
      readonly sql: string;
      readonly values?: readonly unknown[];
      readonly name?: string;
      readonly on?: string;
      /** By the extended protocol, also without values. */
      readonly extended?: boolean;
    };

/** What a client was told by one step. */
export type Outcome = readonly unknown[];

/** Runs the steps on direct connections with real transactions, and in the sandbox; both must tell the same. */
export async function same(at: TestSandbox, reset: string, steps: readonly Step[]): Promise<readonly Outcome[]> {
  const cleaner = await connected(at.direct);
  await cleaner.query(reset);
  const real = await run(at.direct, steps);
  await cleaner.query(reset);
  await cleaner.end();

  const emulated = await inTest(at, () => run(at.url, steps));
  expect(emulated).to.deep.equal(real);
  return emulated;
}

async function run(config: string | pg.ClientConfig, steps: readonly Step[]): Promise<Outcome[]> {
  const cast = new Cast(config);
  const outcomes = await cast.perform(steps);
  await cast.end();
  return outcomes;
}

/** Clients by name, each connected when it has its first step. */
export class Cast {
  readonly #config: string | pg.ClientConfig;
  readonly #clients = new Map<string, { readonly client: pg.Client; readonly notices: unknown[] }>();

  constructor(config: string | pg.ClientConfig) {
    this.#config = config;
  }

  async perform(steps: readonly Step[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];

    for (const step of steps) {
      const { sql, values, name, on = 'a', extended = false } = typeof step === 'string' ? { sql: step } : step;
      const { client, notices } = await this.#enter(on);
      const result = await client
        .query({
          text: sql,
          ...(values && { values: [...values] }),
          ...(name !== undefined && { name }),
          ...(extended && { queryMode: 'extended' }),
        })
        .then(
          (results: unknown) =>
            (Array.isArray(results) ? results : [results]).map((one) => told(one as pg.QueryResult)),
          (error: unknown) => failed(error as pg.DatabaseError),
        );
      // The promise of a failed query is settled before the server is ready again.
      await ready(client);
      const status = (client as unknown as { _txStatus?: string })._txStatus;
      outcomes.push([sql, result, status, ...notices.splice(0)]);
    }
    return outcomes;
  }

  async end(): Promise<void> {
    for (const { client } of this.#clients.values()) await client.end();
  }

  async #enter(name: string): Promise<{ readonly client: pg.Client; readonly notices: unknown[] }> {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;

    const entry = { client: await connected(this.#config), notices: [] as unknown[] };
    this.#clients.set(name, entry);
    entry.client.on('notice', ({ code, message, severity }) => entry.notices.push([severity, code, message]));
    entry.client.on('notification', ({ channel, payload }) => entry.notices.push(['notification', channel, payload]));
    return entry;
  }
}

async function ready(client: pg.Client): Promise<void> {
  while (!(client as unknown as { readyForQuery: boolean }).readyForQuery)
    await new Promise((resolve) => setImmediate(resolve));
}

function told({ command, rowCount, rows }: pg.QueryResult): unknown {
  return [command, rowCount, rows];
}

function failed({ code, message, severity, constraint, table, position, detail }: pg.DatabaseError): unknown {
  return { code, message, severity, constraint, table, position, detail };
}
