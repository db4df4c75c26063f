import { createReadStream, statSync } from 'node:fs';
import { lazily } from '../../../lazily.js';

/** The part of the `pgpass` package that is used; it has no types of its own. */
interface PgPass {
  getPassword: (
    login: { host: string; port: number; database: string; user: string },
    file: NodeJS.ReadableStream,
    done: (password: string | undefined) => void,
  ) => void;
}

const pgpass = lazily<PgPass>('pgpass/lib/helper.js');

/** Folders where servers put their socket unless told otherwise; in password files they are `localhost`. */
const SOCKET_FOLDERS = ['/var/run/postgresql', '/run/postgresql', '/tmp'];

const READABLE_BY_OTHERS = 0o077;

/**
 * The password that `~/.pgpass` has for a login, see section 34.16 of the Postgres manual. As in
 * libpq, a file that others may read does not count.
 */
export async function passwordFromFile(
  path: string,
  login: { host: string; port: number; database: string; user: string },
): Promise<string | undefined> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile() || (process.platform !== 'win32' && found.mode & READABLE_BY_OTHERS)) return undefined;

  const host = SOCKET_FOLDERS.includes(login.host) ? 'localhost' : login.host;
  return await new Promise((resolve) => pgpass().getPassword({ ...login, host }, createReadStream(path), resolve));
}
