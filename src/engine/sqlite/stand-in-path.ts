import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
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

/** Removes what has come to be at the path all the same. */
export function clearPath(path: string): void {
  for (const ending of ENDINGS) rmSync(path + ending, { force: true });
}
