import type { Duplex } from 'node:stream';

/** A raw connection to the real server: authenticated, after the first ReadyForQuery. */
export interface RawConnection {
  readonly stream: Duplex;
  /** What the server reported at the start. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly processId: number;
  readonly secretKey: number;
  /** Absolute path of the server's Unix socket; undefined for a connection by TCP. */
  readonly path: string | undefined;
  /** Asks the server to cancel what runs on the connection. */
  cancel(): Promise<void>;
}

/** What the worker needs of the module that knows servers. */
export interface ServerModule {
  /** `holder` names the relay, also the one that takes the place of a dead one: then `again` is true. */
  readonly openServer: (
    options: unknown,
    holder: string,
    again: boolean,
  ) => Promise<{ readonly upstream: unknown; stop(): Promise<void> }>;
  /** Of an upstream the relay knows that its `database` says to which one it leads. */
  readonly connectUpstream: (upstream: unknown) => Promise<RawConnection>;
}
