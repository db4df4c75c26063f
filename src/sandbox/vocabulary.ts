/** What the sandbox, its engines and the runner say to each other about scopes and connections. */

/** A span of work that is rolled back as one: a test, or the fixtures of a `describe`. */
export interface ScopeName {
  readonly kind: 'layer' | 'test';
  /** Full title as the runner prints it; used in messages. */
  readonly title: string;
  /**
   * What becomes of the values of sequences at its end; `configured`: what the config says. Undefined says the
   * same, where no scope of the run has a rule of its own.
   */
  readonly identities?: 'keep' | 'restart' | 'configured' | undefined;
}

/** A scope that is over, to which a statement belongs all the same. */
export interface EndedOwner {
  /** Full title as the runner prints it. */
  readonly title: string;
  /** What mends it, in a sentence; undefined where that cannot be told. */
  readonly advice: string | undefined;
}

/** A statement that was refused because its scope was over. */
export interface LateStatement {
  /** Title of that scope. */
  readonly title: string;
  readonly connection: string;
  readonly sql: string;
  readonly advice: string | undefined;
}

/** Something of the app that is still going on when a scope ends. */
export interface OpenWork {
  /** `opening`: a connection, for a statement that is still to come; `closing`: one whose end somebody may wait for. */
  readonly kind: 'transaction' | 'statement' | 'opening' | 'closing';
  /** Name of the virtual connection, e.g. `sqlite3 connection 2`. */
  readonly connection: string;
  /** The last SQL that it sent. */
  readonly lastSql: string;
  /** Whether it waits for the app: a transaction of which no statement is being carried out. */
  readonly idle: boolean;
}

/** A connection of the app that a finished test left in a transaction, and whose client has not noticed that it was cut. */
export interface CutConnection {
  readonly connection: string;
  /** The test that ended. */
  readonly title: string;
  /** The last SQL that was sent on it. */
  readonly lastSql: string;
}
