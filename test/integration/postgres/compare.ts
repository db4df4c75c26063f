import { expect } from 'chai';
import type pg from 'pg';
import { connected, inTest, type TestSandbox } from './sandbox.js';

/** A step of a case: SQL by the simple protocol, or with values by the extended one. `on` names the client. */
export type Step =
  string | { readonly sql: string; readonly values?: readonly unknown[]; readonly name?: string; readonly on?: string };

/** What a client was told by one step. */
type Outcome = readonly unknown[];

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
  const clients = new Map<string, { client: pg.Client; notices: unknown[] }>();
  const outcomes: Outcome[] = [];

  for (const step of steps) {
    const { sql, values, name, on = 'a' } = typeof step === 'string' ? { sql: step } : step;
    let entry = clients.get(on);
    if (entry === undefined) {
      const created = { client: await connected(config), notices: [] as unknown[] };
      created.client.on('notice', ({ code, message, severity }) => created.notices.push([severity, code, message]));
      created.client.on('notification', ({ channel, payload }) =>
        created.notices.push(['notification', channel, payload]),
      );
      clients.set(on, created);
      entry = created;
    }
    const result = await entry.client
      .query({ text: sql, ...(values ? { values: [...values] } : {}), ...(name === undefined ? {} : { name }) })
      .then(
        (results: unknown) => (Array.isArray(results) ? results : [results]).map((one) => told(one as pg.QueryResult)),
        (error: unknown) => failed(error as pg.DatabaseError),
      );
    // The promise of a failed query is settled before the server is ready again.
    await ready(entry.client);
    const status = (entry.client as unknown as { _txStatus?: string })._txStatus;
    outcomes.push([sql, result, status, ...entry.notices.splice(0)]);
  }
  for (const { client } of clients.values()) await client.end();
  return outcomes;
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
