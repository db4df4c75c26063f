import { readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';

import { answers, claimant } from './claim.js';
import type { Places } from './places.js';
import { Date, sleep } from '../../../../real-time.js';

/** A keeper listens within milliseconds of making its folder; in another container its id means nothing. */
const YOUNG = 10_000;
/** Name of a run's folder: the keeper's process and a random part. */
const RUN = /^(\d+)-[\da-f]{8}$/;

const HALF_BUILT = 10 * 60_000;
const FAREWELL = 7_000;
const STEP = 20;

/** Where the keeper of a run's folder listens for those who share its server. */
export function controlPath(run: string): string {
  return process.platform === 'win32' ? `\\\\.\\pipe\\lockstep-${basename(run)}` : join(run, 'control');
}

/** Where a run's server has its data. */
export function dataPath(run: string): string {
  return join(run, 'data');
}

/**
 * Removes what killed keepers have left: their servers, their folders, their claims. A run whose
 * keeper answers is never touched, whatever process or container it is in.
 */
export async function removeDeadRuns({ allRuns, claims, cache }: Places): Promise<void> {
  const runs = allRuns.flatMap((folder) => names(folder).map((name) => join(folder, name)));
  for (const run of runs) if (await isDead(run)) await removeRun(run);

  for (const key of names(claims)) {
    const control = claimant(claims, key);
    const path = join(claims, key);
    if (control !== undefined && ageOf(path) > YOUNG && !(await answers(control))) rmSync(path, { force: true });
  }
  for (const name of names(cache)) {
    const path = join(cache, name);
    if (/\.\d+(\.gone)?$/.test(name) && ageOf(path) > HALF_BUILT) remove(path);
  }
}

/** Stops the server of a run, if it still runs without its keeper, and removes its folder. */
export async function removeRun(run: string): Promise<void> {
  await stopOrphan(dataPath(run));
  remove(run);
}

async function isDead(run: string): Promise<boolean> {
  const [, keeper] = RUN.exec(basename(run)) ?? [];
  if (keeper === undefined) return false;

  // The id alone would not do: it may be another process's by now.
  return (ageOf(run) > YOUNG || !isAlive(Number(keeper))) && !(await answers(controlPath(run)));
}

async function stopOrphan(data: string): Promise<void> {
  const pid = postmasterOf(data);
  if (pid === undefined) return;

  signal(pid, 'SIGQUIT');
  for (let waited = 0; waited < FAREWELL; waited += STEP) {
    if (postmasterOf(data) !== pid || !isAlive(pid)) return;
    await sleep(STEP);
  }
  signal(pid, 'SIGKILL');
}

/** The server process of a data folder, if it is certain to be one: ids are used again. */
function postmasterOf(data: string): number | undefined {
  const pid = Number(readText(join(data, 'postmaster.pid'))?.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0 || process.platform === 'win32') return undefined;

  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data) ? pid : undefined;
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes(data) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Whether there is a process of that id. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // In a container nobody may wait for it: then it stays in the table of processes although it has ended.
  return !/^State:\s+Z/m.test(readText(`/proc/${pid}/status`) ?? '');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

/** Milliseconds since a path was changed; endless when there is none. */
function ageOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? Date.now() - found.mtimeMs : Infinity;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  } catch {
    // Another run's cleaning is at it, or Windows holds a file open: the next start tries again.
  }
}
