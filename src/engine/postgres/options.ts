/** A way to the sandbox beside the app's own. */
export interface PostgresReplica {
  /** As `PostgresOptions.env`. */
  readonly env: readonly string[];
  /** As `PostgresOptions.swap`. */
  readonly swap: ((url: string) => void | (() => void)) | undefined;
  /** Whether what writes through it fails, as on a replica. */
  readonly readOnly: boolean;
}

/** The Postgres part of the config, validated and complete. */
export interface PostgresOptions {
  /** The database's name in the config; `main` by default. */
  readonly name?: string;
  /** What messages call it, where there are several databases. */
  readonly label?: string | undefined;
  /** Other ways to the sandbox, as an app has them to read replicas. */
  readonly replicas?: readonly PostgresReplica[];
  /**
   * What `openServer` of the server module is given. It may cross into a worker's thread, so it is
   * plain data.
   */
  readonly server: unknown;
  /** The role as which the app comes; undefined for that of the real connection. */
  readonly user?: string | undefined;
  /** Name of the database, for the URL that the app gets. */
  readonly database: string;
  /** Whether that database is made for the run and ends with it. */
  readonly ownDatabase?: boolean;
  /** Environment variables that are set to the sandbox's URL while the engine is prepared; `PG*`: libpq's own. */
  readonly env: readonly string[];
  /** Is given the sandbox's URL as well; may return what takes it away again. */
  readonly swap?: ((url: string) => void | (() => void)) | undefined;
  /** `statement`: now() is the time of the statement, so that two requests of one test get two times. */
  readonly clock: 'transaction' | 'statement';
  /** What becomes of the values of sequences at the end of a scope: they go on, or are again what they were. Default: `keep`. */
  readonly identities?: 'keep' | 'restart';
  /** Milliseconds that a query waits for an idle transaction. */
  readonly stallTimeout: number;
  /** Milliseconds for which a transaction may keep others waiting. */
  readonly holdTimeout: number;
  /** Absolute folder of the config file: where drivers are resolved from. */
  readonly root: string;
  /** Where the hub runs; by default in the thread of the tests. */
  readonly host?: 'in-thread' | 'worker';
}
