import { after, before } from 'mocha';
import pg from 'pg';
import { blockedHost, type Sandbox } from '#src/engine/index.js';
import { postgresEngine, type PostgresOptions } from '#src/engine/postgres/index.js';
import { WorkerSandbox } from '#src/engine/postgres/relay/hosts/worker/sandbox.js';
import { PlainSession } from './plain-session.js';
import { newDatabase } from './server.js';

/** A sandbox on a database of its own, and how to reach it and the database beneath. */
export interface TestSandbox<Kind extends Sandbox = Sandbox> {
  readonly sandbox: Kind;
  /** URL of the sandbox. */
  readonly url: string;
  readonly direct: pg.ClientConfig;
}

/** Never waits: the tests of this folder are async themselves. */

/** Opens a sandbox for the tests of a `describe`. */
export function useSandbox(name: string, schema: string, options: Partial<PostgresOptions> = {}): () => TestSandbox {
  let current: TestSandbox | undefined;
  let withdraw: (() => void) | undefined;

  before(async function () {
    this.timeout(30_000);
    const direct = await newDatabase(name);
    const variable = `LOCKSTEP_${name.toUpperCase()}`;
    const engine = postgresEngine({
      serverModule: new URL('./server-module.js', import.meta.url).href,
      openSession: (end) => new PlainSession(end),
    });
    const loaded = await engine.load({
      server: direct,
      database: name,
      env: [variable],
      clock: 'transaction',
      stallTimeout: 500,
      holdTimeout: 3000,
      root: process.cwd(),
      ...options,
    });

    withdraw = loaded.prepare();
    const sandbox = await loaded.open(blockedHost);
    current = { sandbox, url: process.env[variable] ?? '', direct };
    sandbox.session.script(schema);
  });
  after(() => withdraw?.());

  return () => {
    if (current === undefined) throw new Error('The sandbox is not open yet.');
    return current;
  };
}

/** The same for tests of what only a hub in a worker can meet. */
export function useWorkerSandbox(
  name: string,
  schema: string,
  options: Partial<PostgresOptions> = {},
): () => TestSandbox<WorkerSandbox> {
  const at = useSandbox(name, schema, { ...options, host: 'worker' });

  return () => {
    const { sandbox, ...rest } = at();
    if (!(sandbox instanceof WorkerSandbox)) throw new Error('The sandbox is not in a worker.');
    return { sandbox, ...rest };
  };
}

/** Runs `work` in a scope of its own, as a test. */
export async function inTest<Result>(
  { sandbox }: TestSandbox,
  work: () => Promise<Result>,
  title = 'a test',
): Promise<Result> {
  sandbox.begin({ kind: 'test', title });
  try {
    return await work();
  } finally {
    sandbox.end();
  }
}

/** Waits until a statement of the sandbox sleeps in the server, by pg_sleep. */
export async function asleep({ direct }: TestSandbox): Promise<void> {
  const stranger = await connected(direct);
  const sleeps = async (): Promise<boolean> => {
    const text = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    return (await stranger.query(text)).rowCount === 1;
  };
  while (!(await sleeps()));
  await stranger.end();
}

/** Ends the server's process behind the sandbox, and waits until the relay has heard of it. */
export async function endBackend({ sandbox, direct }: TestSandbox): Promise<void> {
  const stranger = await connected(direct);
  const { rows } = await stranger.query<{ pid: number }>(
    'SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  await stranger.end();

  // Its socket closes when it exits, and the relay sees that with whatever comes later.
  while (rows.some(({ pid }) => isRunning(pid))) await new Promise((resolve) => setTimeout(resolve, 1));
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  if (sandbox instanceof WorkerSandbox)
    for (let turn = 0; turn < 2; turn += 1) sandbox.link.call({ kind: 'fence' }, 2000);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Connects a client to the sandbox, or to the database itself. */
export async function connected(config: string | pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client(typeof config === 'string' ? { connectionString: config } : config);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
