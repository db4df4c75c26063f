import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { serverAccount } from '#src/engine/postgres/server/embedded/account.js';

/** Whether certificates can be made here. */
export const hasOpenssl: boolean = spawnSync('openssl', ['version']).status === 0;

/** Makes an authority and a certificate of `localhost` that it has signed; the server can read the key. */
export function makeCertificates(folder: string): { ca: string; cert: string; key: string } {
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });

  writeFileSync(at('names'), 'subjectAltName=DNS:localhost');
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=lockstep',
  );
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    '/CN=localhost',
  );
  openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-out', 'server.crt', '-extfile', 'names'],
  );

  // Root's key may be read by the server's group, anybody else's by nobody else.
  const account = serverAccount();
  if (account) chownSync(at('server.key'), 0, account.gid);
  chmodSync(at('server.key'), account ? 0o640 : 0o600);
  for (const name of ['ca.crt', 'server.crt']) chmodSync(at(name), 0o644);
  return { ca: readFileSync(at('ca.crt'), 'utf8'), cert: at('server.crt'), key: at('server.key') };
}
