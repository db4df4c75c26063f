import { readFileSync } from 'node:fs';
import { inCleanTurn } from '../bridge/index.js';
import type { ResolvedDatabase, ResolvedSetup } from '../config/index.js';
import type { SyncConnection } from '../engine/index.js';
import { LockstepError } from '../errors.js';
import type { Session } from '../session/index.js';

/** The place of a config's only database, as messages of the engines have it. */
const ONLY = 'database';

/**
 * Brings in a database's schema, then its seed. What each file or function sets (search_path, a role) ends with it.
 *
 * @param connection that of the session
 */
export async function bringIn(
  { key, schema, seed }: ResolvedDatabase,
  session: Session,
  connection: Pick<SyncConnection, 'renew'>,
): Promise<void> {
  await run(`${key}.schema`, schema, session, connection);
  await run(`${key}.seed`, seed, session, connection);
}

async function run(
  key: string,
  source: ResolvedSetup | undefined,
  session: Session,
  connection: Pick<SyncConnection, 'renew'>,
): Promise<void> {
  if (source === undefined) return;
  if (source.kind === 'function') {
    await inCleanTurn(key, () => source.run({ session }));
    connection.renew?.();
    return;
  }
  for (const path of source.paths) {
    try {
      session.exec(readFileSync(path, 'utf8'));
    } catch (error) {
      if (error instanceof Error) showFile(error, key, path);
      throw error;
    }
    connection.renew?.();
  }
}

/** The database's own error knows neither file nor key: they are put in its stack, as if the file had called. */
function showFile(error: Error, key: string, path: string): void {
  const { stack = '' } = error;
  const at = stack.indexOf('\n    at ');
  const end = at < 0 ? stack.length : at;

  error.stack = `${stack.slice(0, end)}\n    at ${key} (${path})${stack.slice(end)}`;
}

/** Engines know the keys of a config with one database; of several, messages are to name the one that is meant. */
export async function withOwnKeys<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (key !== ONLY && error instanceof LockstepError) {
      const { message, stack = '' } = error;
      const own = message.replace(/\bdatabase(?=\.[a-z])/gi, key);
      Object.assign(error, { message: own, stack: stack.replace(message, () => own) });
    }
    throw error;
  }
}
