import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, Host, Sandbox } from '../engine.js';
import type { PostgresOptions } from './options.js';
import { type OpenSession, PostgresSandbox } from './sandbox.js';
import { WorkerLink } from './worker-link.js';

const PORT = 5432;

/** A relay that listens, and whoever is told of its events. */
interface Prepared {
  readonly link: WorkerLink;
  readonly start: () => WorkerLink;
  readonly directory: string;
  readonly user: string;
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
      const restore = setEnvironment(options.env, sandboxUrl(prepared.directory, options.database));

      return () => {
        restore();
        prepared.sandbox?.close();
        prepared.link.terminate();
        rmSync(prepared.directory, { recursive: true, force: true });
      };
    },

    open(options: PostgresOptions, host: Host): Sandbox {
      const prepared = relays.get(options) ?? startRelay(options, serverModule);
      relays.set(options, prepared);
      prepared.link.ready();

      const { link, start, directory, user } = prepared;
      const address = { host: directory, port: PORT, user, password: '', database: options.database };
      prepared.sandbox = new PostgresSandbox(link, start, options, host, address, openSession);
      // A sandbox that is opened later needs a relay of its own.
      relays.delete(options);
      return prepared.sandbox;
    },
  };
}

/** The URL by which any driver reaches the relay. */
export function sandboxUrl(directory: string, database: string): string {
  return `postgresql://lockstep:lockstep@localhost:${PORT}/${encodeURIComponent(database)}?host=${encodeURIComponent(directory)}`;
}

function startRelay(options: PostgresOptions, serverModule: string): Prepared {
  const { stallTimeout, holdTimeout, clock, server } = options;
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-'));
  chmodSync(directory, 0o700);
  const user = `lockstep_session_${randomBytes(8).toString('hex')}`;

  const start = (): WorkerLink =>
    new WorkerLink(
      {
        socket: join(directory, `.s.PGSQL.${PORT}`),
        sessionUser: user,
        patience: { stallTimeout, holdTimeout },
        clock,
        serverModule,
        server,
      },
      (event) => prepared.sandbox?.hear(event),
    );
  const prepared: Prepared = { link: start(), start, directory, user, sandbox: undefined };
  return prepared;
}

/** Sets the variables; returns what puts the former values back. */
function setEnvironment(names: readonly string[], value: string): () => void {
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) process.env[name] = value;

  return () => {
    for (const [name, former] of before) {
      if (former === undefined) delete process.env[name];
      else process.env[name] = former;
    }
  };
}
