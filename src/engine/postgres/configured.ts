import type { Engine, LoadedEngine } from '../engine.js';
import { type Run, singleRun } from '../run.js';
import { chooseHost, type HostKind } from './choose-host.js';
import type { PostgresOptions } from './options.js';
import { postgresEngine } from './postgres.js';
import type { SessionEnd } from './renewable-session.js';
import type { EmbeddedOptions, ServerOptions } from './server/index.js';
import { openSession, type SessionDriver } from './session/index.js';

/** The engine's part of the config, validated. */
export interface PostgresSection extends Pick<PostgresOptions, 'name' | 'label' | 'replicas' | 'identities'> {
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
  /** Undefined for the built-in one, and in a worker for pg-native where it is installed. */
  readonly driver: SessionDriver | undefined;
  /** Undefined for the thread of the tests, where the server can be reached from there. */
  readonly host: HostKind | undefined;
  readonly allowAnyDatabase: boolean;
  /** Milliseconds. */
  readonly stallTimeout: number;
  /** Milliseconds. */
  readonly holdTimeout: number;
  /** Absolute folder of the config file. */
  readonly root: string;
}

const EMBEDDED_DATABASE = 'lockstep_test';

/**
 * Postgres, with Lockstep's own servers and sessions around the relay. All databases of a config are
 * loaded before one of them is prepared: here the variables are read that `prepare` sets.
 */
export const postgres: Engine<PostgresSection> = {
  name: 'postgres',

  async load(section: PostgresSection, run: Run = singleRun): Promise<LoadedEngine> {
    const { url, allowAnyDatabase, embedded, root, name, label, replicas } = section;
    const database = databaseOf(url, name, run);
    const server: ServerOptions = {
      url,
      allowAnyDatabase,
      embedded,
      run: run.id,
      root,
      database,
      env: { ...process.env },
    };
    const host = await chooseHost(section, server);
    const engine = postgresEngine({
      serverModule: new URL('./server/index.js', import.meta.url).href,
      openSession: ({ openPipe, beforeStatement, servesLibpq, ...connection }: SessionEnd) => {
        const driver = servesLibpq ? section.driver : 'builtin';
        return openSession({
          root,
          connection,
          openPipe,
          beforeStatement,
          ...(driver === undefined ? {} : { driver }),
        }).session;
      },
    });

    return await engine.load({
      ...(name !== undefined && { name }),
      ...(replicas !== undefined && { replicas }),
      label,
      server,
      host,
      user: section.user,
      database,
      ownDatabase: url === undefined,
      env: section.env,
      swap: section.swap,
      identities: section.identities ?? 'keep',
      clock: section.clock,
      stallTimeout: section.stallTimeout,
      holdTimeout: section.holdTimeout,
      root,
    });
  },
};

/**
 * What the database is called. Libraries look for the name in their URL among those of the server, so a started
 * server's has that name there too: one for each worker and database of a run, which share the server.
 */
function databaseOf(url: string | undefined, name: string | undefined, { worker }: Run): string {
  if (url === undefined) {
    const parts = [name === 'main' ? undefined : name, worker && `w${worker}`];
    return [EMBEDDED_DATABASE, ...parts.filter(Boolean)].join('_');
  }

  const path = /^[a-z+]+:\/\/[^/?]*\/([^?]*)/i.exec(url)?.[1];
  return path ? decodeURIComponent(path) : (process.env['PGDATABASE'] ?? EMBEDDED_DATABASE);
}
