/** The Postgres part of the config, validated and complete. */
export interface PostgresOptions {
  /**
   * What `openServer` of the server module is given. It crosses into the worker's thread, so it is
   * plain data.
   */
  readonly server: unknown;
  /** Name of the database, for the URL that the app gets. */
  readonly database: string;
  /** Environment variables that are set to the sandbox's URL while the engine is prepared. */
  readonly env: readonly string[];
  /** `statement`: now() is the time of the statement, so that two requests of one test get two times. */
  readonly clock: 'transaction' | 'statement';
  /** Milliseconds that a query waits for an idle transaction. */
  readonly stallTimeout: number;
  /** Milliseconds for which a transaction may keep others waiting. */
  readonly holdTimeout: number;
  /** Absolute folder of the config file: where drivers are resolved from. */
  readonly root: string;
  /** By which driver the session speaks; undefined for pg-native where it is installed. */
  readonly driver?: 'pg-native' | 'builtin';
}
