import { chmodSync, chownSync, lstatSync, mkdirSync, statSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { ServerError } from '../../../../errors.js';
import type { Account } from './account.js';

/** A cluster takes 40 MB at first; less than this and a test that writes much would fill it up. */
const ROOM = 512 * 1024 * 1024;
const SHARED_MEMORY = '/dev/shm';

/** Longest path of a Unix socket on macOS; on Linux it is 107. */
const SOCKET_PATH = 103;
/** What comes after the base folder: `/runs/<pid>-<random>/socket/.s.PGSQL.5432`. */
const SOCKET_TAIL = 50;

/** The folders that all runs of one user share. */
export interface Places {
  /** Prepared clusters and copies of binaries, kept between runs. */
  readonly cache: string;
  /** One file per run that has a server, saying where its keeper listens. */
  readonly claims: string;
  /** One folder per server, holding all that is its own: in memory where there is room. */
  readonly runs: string;
  /** Everywhere such folders may be. */
  readonly allRuns: readonly string[];
}

/** @throws ServerError when somebody else has put something in their place. */
export function openPlaces(): Places {
  const name = `lockstep-${process.getuid?.() ?? 'server'}`;
  const base = join(temporary(name), name);
  ownFolder(base);

  const places = { cache: join(base, 'cache'), claims: join(base, 'claims'), runs: join(base, 'runs') };
  for (const folder of Object.values(places)) ownFolder(folder);

  const memory = inMemory(name);
  return {
    ...places,
    ...(memory?.room && { runs: memory.folder }),
    allRuns: [places.runs, memory?.folder].filter((folder) => folder !== undefined),
  };
}

/** Creates a folder that only the server's account can enter. */
export function accountFolder(path: string, account: Account): string {
  mkdirSync(path, { mode: 0o700 });
  if (account) chownSync(path, account.uid, account.gid);
  return path;
}

/** The temporary folder, unless a socket's path would get too long there or the server's account cannot get in. */
function temporary(name: string): string {
  const folder = tmpdir();
  if (process.platform === 'win32') return folder;

  const long = join(folder, name).length + SOCKET_TAIL > SOCKET_PATH;
  return long || (process.getuid?.() === 0 && !openToAll(folder)) ? '/tmp' : folder;
}

function openToAll(folder: string): boolean {
  const passable = ((statSync(folder, { throwIfNoEntry: false })?.mode ?? 0) & 0o001) !== 0;
  return passable && (dirname(folder) === folder || openToAll(dirname(folder)));
}

function inMemory(name: string): { folder: string; room: boolean } | undefined {
  if (process.platform !== 'linux') return undefined;

  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    const folder = join(SHARED_MEMORY, name);
    ownFolder(folder);
    return { folder, room: bavail * bsize >= ROOM };
  } catch {
    // No such file system, not ours to write to, or somebody else's folder: the disk will do.
    return undefined;
  }
}

/**
 * Creates a folder of ours, or makes sure that it is. Root's may be passed through, since the server
 * runs as somebody else; nobody but root can list it or write to it.
 */
export function ownFolder(path: string): void {
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  mkdirSync(path, { recursive: true, mode });

  const found = lstatSync(path);
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) {
    throw new ServerError({
      what: `${path} is not a folder of the user who runs the tests.`,
      why: 'Whoever owns it could read and change the database of the tests.',
      remedy: 'Remove it, or set TMPDIR to a folder of your own.',
    });
  }
  // The umask may have taken bits away.
  if ((found.mode & 0o777) !== mode && process.platform !== 'win32') chmodSync(path, mode);
}
