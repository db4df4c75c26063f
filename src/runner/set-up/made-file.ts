import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResolvedDatabase } from '../../config/index.js';
import { runCommand } from './command.js';

/** A file that commands have made of a SQLite database. */
export interface MadeFile {
  readonly path: string;
  /** How many steps of the schema that was. */
  readonly steps: number;
  remove(): void;
}

/**
 * Runs the commands that a SQLite database's schema begins with, on a copy of its file: they are processes
 * of their own, which reach neither a database in memory nor the sandbox, and the file itself is never
 * written. Undefined where there are none.
 *
 * @throws SetupError when a command fails.
 */
export async function makeFile(database: ResolvedDatabase): Promise<MadeFile | undefined> {
  if (database.engine !== 'sqlite') return undefined;
  const { file, key, schema = [], env, replicas } = database;
  const commands = schema.flatMap((step) => (step.kind === 'command' ? [step] : []));
  if (commands.length === 0) return undefined;

  const folder = mkdtempSync(join(tmpdir(), 'lockstep-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'test.sqlite3');
    for (const ending of ['', '-wal', '-shm'])
      if (file !== ':memory:' && existsSync(file + ending)) copyFileSync(file + ending, path + ending);

    const names = [...env, ...replicas.flatMap((replica) => replica.env)];
    const variables = Object.fromEntries(names.map((name) => [name, path]));
    for (const command of commands) await runCommand(command, `${key}.schema`, path, variables);
    return { path, steps: commands.length, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
