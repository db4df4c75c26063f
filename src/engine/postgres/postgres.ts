import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, Host, LoadedEngine, Sandbox } from '../engine.js';
import { setEnvironment } from '../environment.js';
import { otherServers } from './other-servers.js';
import type { PostgresOptions } from './options.js';
import type { RelayHost, RelayStart, SessionAddress } from './relay/hosts/host.js';
import { LOOPBACK } from './relay/hosts/listener.js';
import { InThreadHost } from './relay/hosts/in-thread/in-thread-host.js';
import { WorkerHost } from './relay/hosts/worker/worker-host.js';
import type { OpenSession } from './renewable-session.js';
import { readerOf, User } from './shared.js';

/** Stands for the variables that libpq, and every driver after it, reads where no URL is given. */
const LIBPQ = 'PG*';

/** What the engine is made of besides its options. */
export interface Parts {
  /** URL of the module with `openServer` and `connectUpstream`. */
  readonly serverModule: string;
  readonly openSession: OpenSession;
}

/**
 * Postgres by a relay: a hub that owns the one real connection and speaks the protocol with whoever
 * connects to its socket. The app reaches it by an environment variable.
 */
export function postgresEngine(parts: Parts): Engine<PostgresOptions> {
  return {
    name: 'postgres',

    async load(options: PostgresOptions): Promise<LoadedEngine> {
      const { directory, remove } = socketDirectory();
      const relay = await startRelay({
        ...parts,
        options,
        directory,
        password: randomBytes(16).toString('hex'),
        sessionUser: `lockstep_session_${randomBytes(8).toString('hex')}`,
      });

      return {
        get url() {
          return sandboxUrl(User.app, relay.address, directory);
        },
        get otherServers() {
          return otherServers();
        },
        prepare: () => prepare(options, relay, directory, remove),
        open: (host: Host): Promise<Sandbox> => relay.open(host),
      };
    },
  };
}

async function startRelay(start: RelayStart): Promise<RelayHost> {
  return start.options.host === 'worker' ? new WorkerHost(start) : await InThreadHost.start(start);
}

/** Leads the app to the relay; returns what takes all of it away again. */
function prepare(
  options: PostgresOptions,
  relay: RelayHost,
  directory: string | undefined,
  remove: () => void,
): () => void {
  const [url, readerUrl] = [options.user ?? User.app, readerOf(options.user)].map((user) =>
    sandboxUrl(user, relay.address, directory),
  );
  const ways = [{ ...options, readOnly: false }, ...(options.replicas ?? [])].map(({ env, swap, readOnly }) => {
    const own = (readOnly ? readerUrl : url) ?? '';
    return [setEnvironment(variables(env, own)), swap?.(own)] as const;
  });

  return () => {
    for (const [restore, takeBack] of ways.reverse()) {
      takeBack?.();
      restore();
    }
    relay.end();
    remove();
  };
}

/** A directory of its own for the socket, where there are any; it is removed at the end of the process at the latest. */
function socketDirectory(): { readonly directory: string | undefined; readonly remove: () => void } {
  if (process.platform === 'win32') return { directory: undefined, remove: () => undefined };

  const directory = mkdtempSync(join(tmpdir(), 'lockstep-'));
  // The umask may have taken something away, but nothing is to be added for others.
  chmodSync(directory, 0o700);
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(directory, { recursive: true, force: true });
  };
  process.once('exit', remove);
  return { directory, remove };
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
