import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import module from 'node:module';
import { connect, type Socket } from 'node:net';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { ServerError } from '../../../../errors.js';
import { runnerWords } from '../../../../runner-words.js';
import { singleRun } from '../../../run.js';
import { runOn } from '../connect-upstream.js';
import type { Server } from '../server.js';
import type { Upstream } from '../upstream.js';
import { claimant } from './claim.js';
import { removeRun } from './dead-runs.js';
import { fingerprint } from './fingerprint.js';
import { errorOf, GOODBYE, type Greeting, type Ready } from './greeting.js';
import { START_TIMEOUT, type EmbeddedOptions, type KeeperOptions } from './options.js';
import { openPlaces, type Places } from './places.js';
import { countedTimeout } from './counted-timeout.js';
import { sleep } from '../../../../real-time.js';
import { phaseOver } from '../../../../start-log.js';

const KEEPER = fileURLToPath(new URL('./keeper.js', import.meta.url));

/** A keeper that ends while we join sends us away; the next one is ours. */
const ATTEMPTS = 10;
/** So many milliseconds later a keeper is asked again whose queue of those who come is full. */
const RETRY = 50;
const STOP_TIMEOUT = 20_000;
/** The keeper has its own deadline and says more than we could. */
const GRACE = 5_000;

/** Who uses the server, and how. */
export interface EmbeddedUse {
  /** The run whose processes share it. */
  readonly run?: string | undefined;
  /** Who died without leaving finds its database again by this name. */
  readonly holder?: string | undefined;
  /** Whether it has one: then it gets that, or an error, and never an empty one. */
  readonly again?: boolean;
  /** What the database is called. */
  readonly database?: string | undefined;
}

/** One worker's part in a run's server. */
interface Membership {
  readonly greeting: Ready;
  readonly socket: Socket;
}

/**
 * Joins the server that the workers of this run share, starting it if we are the first, and creates
 * a database of our own on it. It ends with the last who leaves or dies.
 *
 * @throws EngineMissingError when there are no binaries, ServerError with the log when it does not start, and when the
 * holder's database is gone.
 */
export async function openEmbedded(
  root: string,
  options: EmbeddedOptions = {},
  { run = singleRun.id, holder, again = false, database }: EmbeddedUse = {},
): Promise<Server> {
  const places = openPlaces();
  const keeper: KeeperOptions = { ...options, root, key: fingerprint([run, root, options]) };
  // Who has no name cannot come back: nobody has to wait for it.
  const hello = holder === undefined ? randomUUID() : `${holder} ${process.pid}`;
  const membership = again ? await rejoin(places, keeper, hello) : await joinOrStart(places, keeper, hello);
  const { host, port, user, password, member, again: known, prepared, steps } = membership.greeting;
  phaseOver?.(`the server runs: ${steps.map(([what, ms]) => `${what} ${ms} ms`).join(', ')}`);

  const upstream: Upstream = {
    host,
    port,
    user,
    database: database ?? `lockstep_test_w${member}`,
    tls: { mode: 'disable' },
    ...(password !== undefined && { password }),
  };
  try {
    if (!known && upstream.database !== prepared) {
      await runOn({ ...upstream, database: 'postgres' }, created(upstream.database, prepared));
    }
    phaseOver?.('it has an empty database');
  } catch (error) {
    await leave(membership);
    throw error;
  }

  let stopped: Promise<void> | undefined;
  return { upstream, stop: () => (stopped ??= leave(membership)) };
}

/** An earlier run of this process may have left one of that name, unless there is one that nobody has had yet. */
function created(database: string, prepared: string | undefined): readonly string[] {
  const name = `"${database.replaceAll('"', '""')}"`;
  if (prepared !== undefined) return [`alter database ${prepared} rename to ${name}`];
  return [`drop database if exists ${name} with (force)`, `create database ${name}`];
}

function patienceOf({ startTimeout = START_TIMEOUT }: KeeperOptions): number {
  return startTimeout + GRACE;
}

/** Comes back to the server on which the holder has its database. */
async function rejoin(places: Places, options: KeeperOptions, hello: string): Promise<Membership> {
  const membership = await joinClaimant(places, options.key, hello, patienceOf(options));
  if (membership?.greeting.again === true) return membership;

  if (membership !== undefined) await leave(membership);
  throw new ServerError({
    what: 'The server for the tests has ended, and the database of this process with it.',
    why: 'The process that keeps it was ended, or has seen the end of all who used it: another server would not have the tables and rows that schema and seed have made.',
    remedy:
      'Run the tests again. If nobody has ended it, look for what ends processes here, such as a limit of memory.',
  });
}

async function joinOrStart(places: Places, options: KeeperOptions, hello: string): Promise<Membership> {
  const patience = patienceOf(options);

  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const membership =
      (await joinClaimant(places, options.key, hello, patience)) ??
      (await startKeeper(places, options, hello, patience));
    if (membership) return membership;
  }
  throw new ServerError({
    what: 'The server for the tests cannot be shared.',
    why: `${ATTEMPTS} times, the process that keeps it ended while this one joined.`,
    remedy: `Run the tests again; if that does not help, run them without ${runnerWords().parallel}.`,
  });
}

async function joinClaimant(
  places: Places,
  key: string,
  hello: string,
  patience: number,
): Promise<Membership | undefined> {
  const control = claimant(places.claims, key);
  return control === undefined ? undefined : await join(control, hello, patience);
}

/** Starts a keeper. Undefined when it found another one, or ended before we had joined. */
async function startKeeper(
  places: Places,
  options: KeeperOptions,
  hello: string,
  patience: number,
): Promise<Membership | undefined> {
  const child = spawn(process.execPath, [KEEPER, JSON.stringify(options)], {
    // A session of its own: Ctrl+C is for the tests, whose end the keeper then sees.
    detached: true,
    env: keeperEnvironment(),
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // Needed as soon as the server runs, and loaded while it starts.
  void import('../login.js').catch(() => undefined);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  child.stdin.on('error', () => undefined);

  try {
    const announced = await firstLine(child, patience);
    phaseOver?.('the process that keeps the server has started');
    if (announced === 'taken') return undefined;
    if (announced === 'listening') return await joinClaimant(places, options.key, hello, patience);
    throw new ServerError({
      what: 'The process that keeps the server for the tests does not start.',
      why: complaints.trim() || announced,
      remedy: 'Name a server in database.url.',
    });
  } finally {
    // From here on our connection stands for us.
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
}

/** What a keeper prints; how it ended, or that it is late, if it prints nothing. */
async function firstLine(child: ChildProcess, patience: number): Promise<string> {
  const late = new AbortController();
  const cancel = countedTimeout(patience, () => late.abort());

  try {
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const { signal } = late;
    return await Promise.race([
      once(lines, 'line', { signal }).then(([line]) => line as string),
      once(child, 'close', { signal }).then(([code, by]) => `It ended with ${String(by ?? `code ${String(code)}`)}.`),
    ]);
  } catch (error) {
    return late.signal.aborted ? `It said nothing for ${patience} ms.` : (error as Error).message;
  } finally {
    cancel();
    late.abort();
  }
}

/**
 * Connects to a keeper and waits for its greeting. Undefined when nobody listens any more.
 *
 * @param hello the holder's name, and the id of its process if it may come back
 * @throws EngineMissingError or ServerError, as the keeper tells it.
 */
async function join(control: string, hello: string, patience: number): Promise<Membership | undefined> {
  const socket = connect({ path: control, allowHalfOpen: true });
  let full = false;
  socket.write(`${hello}\n`);
  const line = await new Promise<string | undefined>((resolve, reject) => {
    let text = '';
    const cancel = countedTimeout(patience, () => {
      socket.destroy();
      reject(
        new ServerError({
          what: `The process that keeps the server for the tests has not answered for ${patience} ms.`,
          remedy: 'Name a server in database.url, or give it more time in database.embedded.startTimeout.',
        }),
      );
    });
    const done = (answer: string | undefined): void => {
      cancel();
      resolve(answer);
    };

    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) done(text);
    });
    socket
      .on('error', ({ code }: NodeJS.ErrnoException) => {
        full = code === 'EAGAIN';
        done(undefined);
      })
      .on('end', () => done(undefined));
  });
  if (full && patience > RETRY) {
    // It stands still, and is there.
    await sleep(RETRY);
    return await join(control, hello, patience - RETRY);
  }

  const greeting = line === undefined ? undefined : (JSON.parse(line) as Greeting);
  if (greeting?.status === 'ready') {
    // The tests' end must not wait for it.
    socket.unref();
    return { greeting, socket };
  }
  if (greeting !== undefined) await ending(socket);
  socket.destroy();
  if (greeting === undefined) return undefined;
  throw errorOf(greeting);
}

/** Leaves, and returns when the keeper has taken note: the last one waits until everything is gone. */
async function leave({ greeting, socket }: Membership): Promise<void> {
  // Somebody has killed the keeper, so nobody else will clean up.
  if (socket.readableEnded || socket.destroyed) return await removeRun(greeting.run);

  socket.ref();
  const answered = await ending(socket);
  socket.destroy();
  if (answered) return;
  throw new ServerError({
    what: `The server for the tests has not stopped within ${STOP_TIMEOUT} ms.`,
    why: 'The process that keeps it does not answer.',
    remedy: `End it: its process has the id ${basename(greeting.run).split('-')[0]}.`,
  });
}

/** Ends our side and waits for the keeper's, which comes when it has done its part; false when it is late. */
async function ending(socket: Socket): Promise<boolean> {
  if (socket.readableEnded) return true;

  return await new Promise((resolve) => {
    const cancel = countedTimeout(STOP_TIMEOUT, () => resolve(false));
    socket
      .once('close', () => {
        cancel();
        resolve(true);
      })
      .once('end', () => {
        cancel();
        resolve(true);
      });
    socket.end(`${GOODBYE}\n`);
  });
}

/** Ours without what would change how Node runs, such as a TypeScript loader or coverage, and what is logged of us. */
function keeperEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(NODE_|PG|LOCKSTEP_DEBUG$)/.test(name));
  const { getCompileCacheDir } = module as { readonly getCompileCacheDir?: () => string | undefined };
  const cache = getCompileCacheDir?.();
  return { ...Object.fromEntries(kept), ...(cache !== undefined && { NODE_COMPILE_CACHE: cache }) };
}
