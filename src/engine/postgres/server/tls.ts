import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';

import { ConfigError } from '../../../errors.js';
import type { Parameters } from './parameters.js';
import type { TlsMode, Upstream, UpstreamTls } from './upstream.js';

const MODES: readonly TlsMode[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** How libpq would encrypt the connection, see section 34.19 of the Postgres manual. */
export function resolveTls(parameters: Parameters, host: string, home: string): UpstreamTls {
  const mode = readMode(parameters.sslmode, parameters.sslrootcert);
  if (mode === 'disable' || host.startsWith('/')) return { mode: 'disable' };

  const folder = join(home, '.postgresql');
  const system = parameters.sslrootcert === 'system';
  const ca = system ? undefined : readPem('sslrootcert', parameters.sslrootcert, join(folder, 'root.crt'));
  const cert = readPem('sslcert', parameters.sslcert, join(folder, 'postgresql.crt'));
  const key = cert && readPem('sslkey', parameters.sslkey, join(folder, 'postgresql.key'));
  const passphrase = parameters.sslpassword;

  return {
    mode: system ? 'verify-full' : mode,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(parameters.sslnegotiation === 'direct' && { direct: true }),
    // The default of libpq is `prefer`; pg cannot bind to every kind of certificate, so it must be asked for.
    ...(['prefer', 'require'].includes(parameters.channel_binding ?? '') && { channelBinding: true }),
  };
}

/** The attempts that a mode stands for, in their order: with TLS (true) or without. */
export function attempts(mode: TlsMode): readonly boolean[] {
  if (mode === 'disable') return [false];
  if (mode === 'allow') return [false, true];
  return mode === 'prefer' ? [true, false] : [true];
}

/** A mode in Node's terms. Without authorities of its own, `require` takes any certificate, as in libpq. */
export function tlsOptions({ host, tls }: Upstream): ConnectionOptions {
  const { mode, ca, cert, key, passphrase } = tls;
  const verified = mode === 'verify-ca' || mode === 'verify-full' || (mode === 'require' && ca !== undefined);

  return {
    rejectUnauthorized: verified,
    checkServerIdentity: (_name, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

function readMode(text: string | undefined, root: string | undefined): TlsMode {
  if (text === undefined) return root === 'system' ? 'verify-full' : 'prefer';
  if (text === 'no-verify') return 'require';

  const mode = MODES.find((known) => known === text);
  if (mode !== undefined) return mode;
  throw new ConfigError({
    what: `sslmode is '${text}'.`,
    why: `Accepted is ${MODES.join(', ')}.`,
    remedy: 'Mend it in database.url or in PGSSLMODE.',
  });
}

function readPem(keyword: string, named: string | undefined, usual: string): string | undefined {
  if (named === undefined && !existsSync(usual)) return undefined;

  const path = named ?? usual;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError({
      what: `${keyword} names ${path}, which cannot be read.`,
      why: (error as Error).message,
      remedy: `Mend it in database.url or in PG${keyword.toUpperCase()}.`,
      cause: error,
    });
  }
}
