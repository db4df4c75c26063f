import type { Host, Sandbox } from '../../../engine.js';
import type { PostgresOptions } from '../../options.js';
import type { OpenSession, SessionEnd } from '../../renewable-session.js';

/** Where the test's session reaches the relay. */
export type SessionAddress = Pick<SessionEnd, 'host' | 'port' | 'user' | 'password' | 'database'>;

/** What a relay is started with. */
export interface RelayStart {
  readonly options: PostgresOptions;
  /** Where the Unix socket is made; undefined where there are none. Only its owner may enter it. */
  readonly directory: string | undefined;
  /** Asked of those who come by TCP: the loopback interface is open to every user of the machine. */
  readonly password: string;
  /** The user name by which the session is known; nobody else knows it. */
  readonly sessionUser: string;
  /** URL of the module with `openServer` and `connectUpstream`. */
  readonly serverModule: string;
  readonly openSession: OpenSession;
}

/**
 * Where a relay's hub runs: in the thread of the tests, or in a worker of its own. It listens from
 * its making to its end, over all sandboxes.
 */
export interface RelayHost {
  readonly address: SessionAddress;

  /**
   * Finds or starts the server and opens a sandbox on it.
   *
   * @throws ConfigError, UnsafeDatabaseError, EngineMissingError, ServerError: why there is no server.
   */
  open(host: Host): Promise<Sandbox>;

  /** Ends it for good; the sandbox is closed before. */
  end(): void;
}
