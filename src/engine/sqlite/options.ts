/** The SQLite part of the config, validated and complete. */
export interface SqliteOptions {
  /** The database's name in the config; `main` by default. */
  readonly name?: string;
  /** Its place in the config, for messages; `database` by default. */
  readonly key?: string;
  /** What messages call it, where there are several databases. */
  readonly label?: string | undefined;
  /** Other ways to it: of SQLite they are the same file. */
  readonly replicas?: readonly { readonly env: readonly string[] }[];
  /** `:memory:` or the absolute path of a database file. */
  readonly file: string;
  /** A file whose content the sandbox begins with instead. */
  readonly image?: string;
  /** Environment variables that are set to `file` while the engine is prepared. */
  readonly env?: readonly string[];
  /** The drivers that are replaced wherever the app imports them. */
  readonly swap: readonly ('better-sqlite3' | 'sqlite3')[];
  /** Whether foreign keys are on for all connections; undefined: as each one's driver has them. */
  readonly foreignKeys?: boolean | undefined;
  /** Whether a database without `test` in its name may be opened. */
  readonly allowAnyDatabase: boolean;
  /** Milliseconds that a query waits for an idle transaction, 500 by default. */
  readonly stallTimeout: number;
  /** Milliseconds for which a transaction may keep others waiting, 10 000 by default. */
  readonly holdTimeout: number;
  /** Absolute folder of the config file: where real drivers are resolved from. */
  readonly root: string;
}
