import { TLSSocket } from 'node:tls';
import type { PostgresSection } from './configured.js';
import type { ServerOptions } from './server/index.js';

/** Where a relay's hub runs: in the thread of the tests, or in a worker of its own. */
export type HostKind = 'in-thread' | 'worker';

/**
 * Where the hub of a database runs. In the thread of the tests it is faster, but there it must be
 * able to wait for the server's bytes with the thread blocked, which it is for Unix sockets and TCP
 * without TLS, on anything but Windows. libpq, which blocks by itself, needs somebody to answer it.
 */
export async function chooseHost(
  { host, driver, url }: Pick<PostgresSection, 'host' | 'driver' | 'url'>,
  server: ServerOptions,
): Promise<HostKind> {
  if (host !== undefined) return host;
  if (process.platform === 'win32' || driver === 'pg-native') return 'worker';
  if (url === undefined) return 'in-thread';

  return (await isEncrypted(url, server)) ? 'worker' : 'in-thread';
}

async function isEncrypted(url: string, { env }: ServerOptions): Promise<boolean> {
  const { connectUpstream, resolveUpstream } = await import('./server/index.js');
  try {
    const upstream = await resolveUpstream(url, env);
    if (upstream.host.startsWith('/') || upstream.tls.mode === 'disable') return false;
    if (upstream.tls.mode !== 'prefer' && upstream.tls.mode !== 'allow') return true;

    // Only the server knows.
    const connection = await connectUpstream(upstream);
    connection.close();
    return connection.stream instanceof TLSSocket;
  } catch {
    // Whatever it is, opening the database will say it better.
    return false;
  }
}
