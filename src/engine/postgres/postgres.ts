import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, Host, Sandbox } from '../engine.js';
import { setEnvironment } from '../environment.js';
import type { PostgresOptions } from './options.js';
import type { OpenSession, SessionEnd } from './renewable-session.js';
import { PostgresSandbox } from './sandbox.js';
import { readerOf, User, Word } from './shared.js';
import { WorkerLink } from './worker-link.js';

/** Stands for the variables that libpq, and every driver after it, reads where no URL is given. */
const LIBPQ = 'PG*';
const LOOPBACK = '127.0.0.1';

type SessionAddress = Pick<SessionEnd, 'host' | 'port' | 'user' | 'password' | 'database'>;

/** A relay that listens, and whoever is told of its events. */
interface Prepared {
  link: WorkerLink;
  readonly start: () => WorkerLink;
  readonly address: SessionAddress;
  /** By which any driver reaches the relay. */
  readonly url: string;
  /** The same for those that must not write. */
  readonly readerUrl: string;
  /** Removes the directory; it is done at the end of the process at the latest. */
  readonly remove: () => void;
  sandbox: PostgresSandbox | undefined;
}

/** What the engine is made of besides its options. */
export interface Parts {
  /** URL of the module with `openServer` and `connectUpstream`, loaded in the worker. */
  readonly serverModule: string;
  readonly openSession: OpenSession;
}

/**
 * Postgres by a relay: a worker thread that owns the one real connection and speaks the protocol
 * with whoever connects to its socket. The app reaches it by an environment variable.
 */
export function postgresEngine({ serverModule, openSession }: Parts): Engine<PostgresOptions> {
  const relays = new WeakMap<PostgresOptions, Prepared>();

  return {
    name: 'postgres',

    prepare(options: PostgresOptions): () => void {
      const prepared = startRelay(options, serverModule);
      relays.set(options, prepared);
      const ways = [{ ...options, readOnly: false }, ...(options.replicas ?? [])].map(({ env, swap, readOnly }) => {
        const url = readOnly ? prepared.readerUrl : prepared.url;
        return [setEnvironment(variables(env, url)), swap?.(url)] as const;
      });

      return () => {
        for (const [restore, takeBack] of ways.reverse()) {
          takeBack?.();
          restore();
        }
        prepared.sandbox?.close();
        prepared.link.terminate();
        prepared.remove();
      };
    },

    open(options: PostgresOptions, host: Host): Sandbox {
      // The same for each run of a process (watch mode, a worker of --parallel): the app has its URL.
      const prepared = relays.get(options) ?? startRelay(options, serverModule);
      relays.set(options, prepared);

      const { start, address } = prepared;
      if (prepared.link.dead !== undefined) prepared.link = start();
      prepared.sandbox = new PostgresSandbox(prepared.link, start, options, host, address, openSession);
      return prepared.sandbox;
    },
  };
}

/**
 * Starts the worker and waits until it listens: on a port of the loopback interface, and on a Unix
 * socket with the same number in its name, where there are any.
 */
function startRelay(options: PostgresOptions, serverModule: string): Prepared {
  const { stallTimeout, holdTimeout, clock, server, database, ownDatabase = false, label } = options;
  const directory = process.platform === 'win32' ? undefined : mkdtempSync(join(tmpdir(), 'lockstep-'));
  const password = randomBytes(16).toString('hex');
  const user = `lockstep_session_${randomBytes(8).toString('hex')}`;
  // The umask may have taken something away, but nothing is to be added for others.
  if (directory !== undefined) chmodSync(directory, 0o700);
  const remove = (): void => {
    process.off('exit', remove);
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', remove);

  // A worker that takes the place of a dead one listens where that did.
  let port = 0;
  let sandbox: PostgresSandbox | undefined;
  const start = (): WorkerLink => {
    const link = new WorkerLink(
      {
        directory,
        port,
        password,
        sessionUser: user,
        database,
        label,
        patience: { stallTimeout, holdTimeout },
        clock,
        ownDatabase,
        serverModule,
        server,
      },
      (event) => sandbox?.hear(event),
    );
    link.ready();
    port = link.load(Word.port);
    return link;
  };

  const link = start();
  const address = { host: directory ?? LOOPBACK, port, user, password, database };
  return {
    link,
    start,
    address,
    url: sandboxUrl(options.user ?? User.app, address, directory),
    readerUrl: sandboxUrl(readerOf(options.user), address, directory),
    remove,
    get sandbox() {
      return sandbox;
    },
    set sandbox(opened) {
      sandbox = opened;
    },
  };
}

/**
 * All drivers understand the loopback address; those that know `host` as a parameter (pg and what
 * is built on it) take the faster Unix socket instead.
 */
function sandboxUrl(user: string, { port, password, database }: SessionAddress, directory: string | undefined): string {
  const url = `postgresql://${encodeURIComponent(user)}:${password}@${LOOPBACK}:${port}/${encodeURIComponent(database)}`;
  return directory === undefined ? url : `${url}?host=${encodeURIComponent(directory)}`;
}

/** What each name of the config stands for. */
function variables(names: readonly string[], url: string): (readonly [string, string])[] {
  return names.flatMap((name) => (name === LIBPQ ? Object.entries(libpqVariables(url)) : [[name, url] as const]));
}

/** The URL's parts as libpq's variables (Postgres manual, "Environment Variables"). */
function libpqVariables(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);

  return {
    PGHOST: searchParams.get('host') ?? hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    // What the real server asks for is none of the sandbox's business.
    PGSSLMODE: 'disable',
  };
}
