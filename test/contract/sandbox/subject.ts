import { type DatabaseSection, type Host, loadEngine, type Row, type Sandbox } from '#src/engine/index.js';

/** A connection of the app, whatever its driver. Errors are those that the app would get. */
export interface AppConnection {
  /** Sends one statement; gives its rows. */
  query(sql: string): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** How long others may be kept waiting, in milliseconds. */
export interface Timeouts {
  readonly stallTimeout: number;
  readonly holdTimeout: number;
}

/** An engine on its host, with the driver that the app has: one row of the contract. */
export interface Subject {
  readonly engine: string;
  /** Where the sandbox does its work. */
  readonly host: string;
  /** Driver of the app. */
  readonly driver: string;
  /** Whether that driver lets a query wait for its turn; for a synchronous one, waiting is an error at once. */
  readonly waits: boolean;
  /** How the app's connections are called in messages. */
  readonly connectionName: RegExp;
  /** A setting of a connection that is not what it is by default. */
  readonly setting: {
    readonly set: string;
    readonly show: string;
    readonly value: string;
  };
  /** Definition of a column that numbers its rows. */
  readonly numbered: string;
  /** Puts a new database in the app's way. */
  prepare(timeouts: Timeouts): Promise<Prepared>;
}

/** A database in the app's way: sandboxes can be opened on it, one after the other. */
export interface Prepared {
  open(host: Host): Promise<Sandbox>;
  /** A connection of the app, which outlives sandboxes. */
  connect(): Promise<AppConnection>;
  /** Has the outer transaction end amid a statement of that connection; gives the error that the app gets. */
  lose(app: AppConnection): Promise<Error>;
  withdraw(): Promise<void>;
}

/** The one place where an engine is loaded, prepared and opened. */
export async function prepareEngine(section: DatabaseSection): Promise<Pick<Prepared, 'open' | 'withdraw'>> {
  const engine = await loadEngine(section);
  const withdraw = await Promise.resolve(engine.prepare());

  return {
    open: async (host) => Promise.resolve(engine.open(host)),
    withdraw: async () => Promise.resolve(withdraw()),
  };
}
