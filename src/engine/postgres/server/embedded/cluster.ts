import { existsSync, renameSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';

import { ServerError } from '../../../../errors.js';
import type { Account } from './account.js';
import { programPath } from './binaries.js';
import { fingerprint } from './fingerprint.js';
import { accountFolder } from './places.js';
import { runProgram, type Ended } from './run-program.js';
import type { UsableBinaries } from './usable-binaries.js';

/** The superuser of every cluster that is made here. */
export const SUPERUSER = 'postgres';

/** The database that a cluster has ready for the first who comes: to make one takes as long as to start the server. */
export const PREPARED_DATABASE = 'lockstep_test';

/** Tried in this order where the config names none: every other platform lacks one of them. */
const LOCALES = ['C.UTF-8', 'en_US.UTF-8', 'C'];
const LOCALE_MISSING = /invalid locale (name|settings)|locale name .* is not|could not (create|find) locale/i;

/** What a prepared cluster is made from. */
export interface ClusterSource {
  readonly binaries: UsableBinaries;
  readonly locale: string | undefined;
  readonly account: Account;
  readonly signal: AbortSignal;
}

/** Where a source's prepared cluster is kept. */
export function clusterPath(cache: string, { binaries, locale, account }: ClusterSource): string {
  return join(
    cache,
    `cluster-${fingerprint([binaries.version, binaries.folder, locale, account?.uid, PREPARED_DATABASE])}`,
  );
}

/**
 * Makes the cluster that the servers of all runs start from, once per version. It is built beside
 * its place and moved there when it is complete: of parallel runs one wins, and none sees half of it.
 *
 * @throws ServerError with what initdb printed.
 */
export async function prepareCluster(cache: string, source: ClusterSource): Promise<string> {
  const path = clusterPath(cache, source);
  if (existsSync(path)) return path;

  const half = `${path}.${process.pid}`;
  rmSync(half, { recursive: true, force: true });
  try {
    await initialise(half, source);
    renameSync(half, path);
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    if (!existsSync(path)) throw error;
  }
  return path;
}

/** Takes a cluster out of use whose copies do not start. */
export function discardCluster(path: string): void {
  const gone = `${path}.${process.pid}.gone`;
  try {
    renameSync(path, gone);
    rmSync(gone, { recursive: true, force: true });
  } catch {
    // Another run had the same trouble and was first.
  }
}

/** Copies a cluster into an empty folder of the server's account. */
export async function copyCluster(from: string, to: string, { account, signal }: ClusterSource): Promise<void> {
  if (process.platform === 'win32') {
    await cp(from, to, { recursive: true });
    return;
  }
  // Three times as fast as Node's own copying, and everything belongs to the right account.
  const copied = await runProgram('cp', ['-R', `${from}/.`, to], { account, signal });
  if (copied.code !== 0) throw failed(`The prepared cluster cannot be copied to ${to}.`, copied);
}

async function initialise(folder: string, { binaries, locale, account, signal }: ClusterSource): Promise<void> {
  const locales = locale === undefined ? LOCALES : [locale];
  let ended: Ended | undefined;

  for (const name of locales) {
    rmSync(folder, { recursive: true, force: true });
    accountFolder(folder, account);
    const args = ['-D', folder, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', `--locale=${name}`, '--no-sync'];
    if (majorOf(binaries) >= 18) args.push('--no-data-checksums');

    ended = await runProgram(programPath(binaries.folder, 'initdb'), args, { account, signal });
    if (ended.code === 0) return await makeDatabase(folder, { binaries, account, signal });
    if (!LOCALE_MISSING.test(ended.output)) break;
  }
  throw failed('initdb cannot make a cluster for the tests.', ended as Ended, locale);
}

async function makeDatabase(
  folder: string,
  { binaries, account, signal }: Pick<ClusterSource, 'binaries' | 'account' | 'signal'>,
): Promise<void> {
  const program = programPath(binaries.folder, 'postgres');
  const input = `create database ${PREPARED_DATABASE}\n`;
  const made = await runProgram(program, ['--single', '-D', folder, '-c', 'fsync=off', 'postgres'], {
    account,
    signal,
    input,
  });
  if (made.code !== 0 || /ERROR|FATAL|PANIC/.test(made.output)) {
    throw failed('A cluster for the tests cannot be given a database.', made);
  }
}

function majorOf({ version }: UsableBinaries): number {
  return Number(/\d+/.exec(version.replace(/^.*PostgreSQL\)/, ''))?.[0] ?? 0);
}

function failed(what: string, { code, signal, output, error }: Ended, locale?: string): ServerError {
  const ending = error?.message ?? `It ended with ${signal ?? `code ${code}`}`;
  const full = /No space left|ENOSPC/.test(output);

  return new ServerError({
    what,
    why: output === '' ? `${ending}.` : `${ending}:\n    ${output.replaceAll('\n', '\n    ')}`,
    remedy:
      locale !== undefined && LOCALE_MISSING.test(output)
        ? `Name a locale that the machine has in database.embedded.locale: locale -a lists them.`
        : full
          ? 'Make room, or set TMPDIR to a folder that has some.'
          : 'Or name a server in database.url.',
    cause: error,
  });
}
