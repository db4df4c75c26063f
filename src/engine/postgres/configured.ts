import type { Engine, Host, Sandbox } from '../engine.js';
import type { PostgresOptions } from './options.js';
import { postgresEngine } from './postgres.js';
import type { SessionEnd } from './renewable-session.js';
import type { EmbeddedOptions, ServerOptions } from './server/index.js';
import { openSession, type SessionDriver } from './session/index.js';

/** The engine's part of the config, validated. */
export interface PostgresSection extends Pick<PostgresOptions, 'name' | 'label' | 'replicas'> {
  /** As libpq reads it; undefined starts a server. */
  readonly url: string | undefined;
  readonly embedded: EmbeddedOptions;
  /** Variables that are set to the sandbox's URL; `PG*` stands for libpq's own. */
  readonly env: readonly string[];
  /** Is given the sandbox's URL; may return what takes it away again. */
  readonly swap: ((url: string) => void | (() => void)) | undefined;
  /** The role as which the app comes. */
  readonly user: string | undefined;
  readonly clock: PostgresOptions['clock'];
  readonly driver: SessionDriver | undefined;
  readonly allowAnyDatabase: boolean;
  /** Milliseconds. */
  readonly stallTimeout: number;
  /** Milliseconds. */
  readonly holdTimeout: number;
  /** Absolute folder of the config file. */
  readonly root: string;
}

const EMBEDDED_DATABASE = 'lockstep_test';

/** What the relay of each section runs with; `open` has to find what `prepare` made. */
const relays = new WeakMap<PostgresSection, { engine: Engine<PostgresOptions>; options: PostgresOptions }>();

/** Postgres, with Lockstep's own servers and sessions around the relay. */
export const postgres: Engine<PostgresSection> = {
  name: 'postgres',
  prepare: (section: PostgresSection): (() => void) => {
    const { engine, options } = relayOf(section);
    return engine.prepare(options);
  },
  open: (section: PostgresSection, host: Host): Sandbox => {
    const { engine, options } = relayOf(section);
    return engine.open(options, host);
  },
};

/** To be called for each database of a config, before one of them is prepared; see `env` below. */
export function plan(section: PostgresSection): void {
  relayOf(section);
}

function relayOf(section: PostgresSection): { engine: Engine<PostgresOptions>; options: PostgresOptions } {
  const known = relays.get(section);
  if (known !== undefined) return known;

  const { url, allowAnyDatabase, embedded, root, driver } = section;
  // The variables as they are before any of them is set to the sandbox's URL.
  const server: ServerOptions = { url, allowAnyDatabase, embedded, root, env: { ...process.env } };
  const engine = postgresEngine({
    serverModule: new URL('./server/index.js', import.meta.url).href,
    openSession: ({ openPipe, beforeStatement, ...connection }: SessionEnd) =>
      openSession({
        root,
        connection,
        openPipe,
        beforeStatement,
        ...(driver === undefined ? {} : { driver }),
      }).session,
  });
  const { name, label, replicas } = section;
  const options: PostgresOptions = {
    ...(name !== undefined && { name }),
    ...(replicas !== undefined && { replicas }),
    label,
    server,
    user: section.user,
    database: databaseOf(url),
    ownDatabase: url === undefined,
    env: section.env,
    swap: section.swap,
    clock: section.clock,
    stallTimeout: section.stallTimeout,
    holdTimeout: section.holdTimeout,
    root,
  };

  relays.set(section, { engine, options });
  return { engine, options };
}

/** The name that the app sees; the relay itself serves one database, whatever it is called. */
function databaseOf(url: string | undefined): string {
  if (url === undefined) return EMBEDDED_DATABASE;

  const path = /^[a-z+]+:\/\/[^/?]*\/([^?]*)/i.exec(url)?.[1];
  return path ? decodeURIComponent(path) : (process.env['PGDATABASE'] ?? EMBEDDED_DATABASE);
}
