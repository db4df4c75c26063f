import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a real driver, or another process, may have made there. */
const ENDINGS = ['', '-journal', '-wal', '-shm'];

/**
 * The path that an app is given for a database in memory. ORMs treat the name `:memory:` in ways of its
 * own (Sequelize shares one connection among all transactions), and the app's database in production is
 * a file. Nothing is ever there, and no other process comes by it.
 */
export function standInPath(): string {
  return join(tmpdir(), `lockstep-${process.pid}-${randomUUID().slice(0, 8)}.test.sqlite3`);
}

/** Whether something has come to be at the path all the same. */
export function isThere(path: string): boolean {
  return existsSync(path);
}

/** Removes that. */
export function clearPath(path: string): void {
  for (const ending of ENDINGS) {
    try {
      rmSync(path + ending, { force: true });
    } catch {
      // Windows keeps a file that the app has open still.
    }
  }
}
