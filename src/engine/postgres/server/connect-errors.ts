import { ServerError } from '../../../errors.js';
import { NoPasswordError } from './no-password.js';
import { describeUpstream, type Upstream } from './upstream.js';

/** How the attempt was made. */
interface Attempt {
  /** Milliseconds. */
  readonly allowed: number;
  readonly secure: boolean;
}

const NO_TLS = /does not support SSL/i;
const TIMED_OUT = /timeout expired/i;

/** Certificates that Node refuses, see the table of X509 codes in its manual for tls. */
const CERTIFICATE = /^(DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA)/;

/** Whether the other way, with or without TLS, may succeed where this one failed: libpq asks the same. */
export function worthAnotherAttempt(error: unknown): boolean {
  return NO_TLS.test(messageOf(error)) || codeOf(error) === '28000';
}

export function tooOld(upstream: Upstream, version: string, oldest: number): ServerError {
  return new ServerError({
    what: `The ${describeUpstream(upstream)} is of version ${version === '' ? 'unknown' : version}.`,
    why: `Lockstep needs Postgres ${oldest} or newer.`,
    remedy: 'Name a newer server in database.url, or leave it out: a server is then started for the run.',
  });
}

/** Says why a connection was not to be had; a ServerError stays as it is. */
export function connectError(upstream: Upstream, error: unknown, attempt: Attempt): ServerError {
  if (error instanceof ServerError) return error;

  const [why, remedy] = reason(upstream, error, attempt);
  return new ServerError({ what: `Cannot connect to ${describeUpstream(upstream)}.`, why, remedy, cause: error });
}

function reason(upstream: Upstream, error: unknown, { allowed, secure }: Attempt): [why: string, remedy: string] {
  const code = codeOf(error);
  const message = messageOf(error);
  const { host, port, database } = upstream;

  if (error instanceof NoPasswordError) {
    return [
      'The server asks for a password, and none was given.',
      'Put it into database.url, PGPASSWORD or ~/.pgpass (which must not be readable by others).',
    ];
  }
  if (TIMED_OUT.test(message)) {
    return [
      `There was no answer within ${Math.round(allowed)} ms.`,
      'Check host and port, and whether a firewall drops the packets; connect_timeout in database.url is in seconds.',
    ];
  }
  if (NO_TLS.test(message)) {
    return [
      `sslmode=${upstream.tls.mode} wants TLS, and the server has none.`,
      'Switch TLS on in the server, or add sslmode=disable to database.url.',
    ];
  }
  if (secure && CERTIFICATE.test(code)) {
    return [
      `sslmode=${upstream.tls.mode} checks the server's certificate, and it is not accepted: ${message} (${code}).`,
      'Name the authority that signed it (sslrootcert=…), or use sslmode=require, which checks nothing.',
    ];
  }

  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return [
        `Nothing listens there (${code}).`,
        host.startsWith('/')
          ? `Start the server, or mend host and port: it would be the socket .s.PGSQL.${port} in ${host}.`
          : 'Start the server, or mend host and port. Without database.url a server is started for the run.',
      ];
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return [`The name "${host}" cannot be resolved (${code}).`, 'Mend the host in database.url or in PGHOST.'];
    case '28P01':
    case '28000':
      return [`The server refuses the login: ${message} (${code}).`, 'Mend user and password, or its pg_hba.conf.'];
    case '3D000':
      return [
        `The server has no such database (${code}).`,
        `Create it: createdb ${database}. Or mend the name in database.url.`,
      ];
    case '53300':
      return [`The server has no connection left (${code}).`, 'Close some, or raise its max_connections.'];
    case '57P03':
      return [`The server is starting or stopping (${code}): ${message}.`, 'Wait until it is up.'];
    default:
      return [code === '' ? `${message}.` : `${message} (${code}).`, ''];
  }
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}

function messageOf(error: unknown): string {
  // Node tries every address of a name and gathers the errors under an empty message.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
}
