/**
 * Where a real server listens and who we are there. Plain data, so that it can cross threads and
 * processes.
 */
export interface Upstream {
  /** A name, an address, or the absolute folder of a Unix socket. */
  readonly host: string;
  /** Where `host` is, when it is not to be looked up (libpq's hostaddr). */
  readonly address?: string;
  readonly port: number;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  readonly tls: UpstreamTls;
  /** Settings for the server's command line, e.g. `-c geqo=off`. */
  readonly options?: string;
  /** How the connection is named in pg_stat_activity. */
  readonly applicationName?: string;
  /** Milliseconds that connecting may take; undefined leaves it to the caller. */
  readonly connectTimeout?: number;
}

/** libpq's modes, see section 34.19 of the Postgres manual; pg's own `no-verify` is `require`. */
export type TlsMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** How the connection is encrypted. */
export interface UpstreamTls {
  readonly mode: TlsMode;
  /** Authorities that may have signed the server's certificate, PEM. Node's own when undefined. */
  readonly ca?: string;
  /** Our own certificate and its key, PEM. */
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  /** Whether the TLS handshake comes without asking first (sslnegotiation=direct, Postgres 17). */
  readonly direct?: boolean;
  /** Whether SCRAM is bound to the TLS channel where the server offers it. */
  readonly channelBinding?: boolean;
}

/** A server as messages name it; never with the password. */
export function describeUpstream({ host, port, user, database }: Upstream): string {
  return `database "${database}" at ${host}${host.startsWith('/') ? `/.s.PGSQL.${port}` : `:${port}`} as user "${user}"`;
}

/** The socket of a folder, as Postgres names it. */
export function socketPath(folder: string, port: number): string {
  return `${folder}/.s.PGSQL.${port}`;
}
