import { readFileSync } from 'node:fs';

/** The user that a process runs as; undefined is ourselves. */
export type Account = { readonly uid: number; readonly gid: number } | undefined;

const NOBODY = 65_534;

/** Who the server runs as: ourselves, or somebody with fewer rights when we are root, which Postgres refuses. */
export function serverAccount(): Account {
  if (process.getuid?.() !== 0) return undefined;
  return find('postgres') ?? find('nobody') ?? { uid: NOBODY, gid: NOBODY };
}

function find(name: string): Account {
  const line = passwd().find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];

  // On macOS nobody is -2, which has to be given as an unsigned number.
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
}

function passwd(): string[] {
  try {
    return readFileSync('/etc/passwd', 'utf8').split('\n');
  } catch {
    return [];
  }
}
