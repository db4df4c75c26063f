import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';

import type pg from 'pg';

import { isOurs } from '../other-servers.js';
import { NoPasswordError } from './no-password.js';
import { tlsOptions } from './tls.js';
import type { Upstream } from './upstream.js';

// By `require`: from Node 24 on an import also reads `pg.native`, which loads libpq into the relay's
// thread, and a process can load it into one thread only; the session needs it in the main one.
const Client: typeof pg.Client = (createRequire(import.meta.url)('pg') as typeof pg).Client;

/** What pg's connection has beyond its types. */
interface Wire {
  readonly stream: Duplex;
  on(event: 'parameterStatus', listener: (message: { parameterName: string; parameterValue: string }) => void): void;
  on(event: 'connect' | 'sslconnect', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  removeAllListeners(): void;
}

/**
 * pg's client, used for what it does well: TLS, SCRAM and md5. What it would add from the process's
 * own PG* variables is kept out, since those may name the sandbox by now.
 */
export class Login extends Client {
  readonly #startup: Readonly<Record<string, string>>;

  constructor(upstream: Upstream, secure: boolean, timeout: number) {
    const { tls, options, applicationName } = upstream;

    super({
      host: upstream.address ?? upstream.host,
      port: upstream.port,
      user: upstream.user,
      database: upstream.database,
      // A function, because pg would fill an absent password from PGPASSWORD.
      password: () => {
        if (upstream.password === undefined) throw new NoPasswordError('a password is required, and none was given');
        return upstream.password;
      },
      ssl: secure ? tlsOptions(upstream) : false,
      sslnegotiation: secure && tls.direct ? 'direct' : 'postgres',
      enableChannelBinding: secure && tls.channelBinding === true,
      connectionTimeoutMillis: Math.max(timeout, 1),
    });
    this.#startup = {
      user: upstream.user,
      database: upstream.database,
      ...(applicationName !== undefined && { application_name: applicationName }),
      ...(options !== undefined && { options }),
    };
    isOurs(this.wire.stream);
    // A connection that breaks later is its new owner's business; without a listener it ends the process.
    this.on('error', () => undefined);
  }

  get wire(): Wire {
    return this.connection;
  }

  /** Called by pg for the startup message. */
  getStartupConf(): Readonly<Record<string, string>> {
    return this.#startup;
  }
}
