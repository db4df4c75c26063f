import { inCleanTurn } from '../../bridge/index.js';
import type { ResolvedDatabase, ResolvedSetup } from '../../config/index.js';
import { LockstepError } from '../../errors.js';
import type { Session } from '../../session/index.js';
import { runCommand } from './command.js';
import { runFile } from './script-file.js';

/** The place of a config's only database, as messages of the engines have it. */
const ONLY = 'database';

/** What schema and seed are brought into. */
interface Target {
  readonly session: Session;
  /** What the app reaches the database by. */
  readonly url: string;
  /** Runs a script that may write what the database defends otherwise. */
  readonly unsafely: (work: () => void) => void;
  /** How many steps of the schema are done already. */
  readonly done: number;
  /** Is called behind each step: what the step has set on the session's connection (`search_path`, a role) ends with it. */
  readonly stepDone: () => void;
}

/**
 * Brings in a database's schema, then its seed, step by step.
 *
 * @throws SetupError naming file and line, or the command; and what a function or the database throws.
 */
export async function bringIn(
  database: ResolvedDatabase,
  { session, url, unsafely, done, stepDone }: Target,
): Promise<void> {
  const { key, engine, schema = [], seed = [] } = database;

  await run(`${key}.schema`, schema.slice(done));
  await run(`${key}.seed`, seed);

  async function run(place: string, steps: ResolvedSetup): Promise<void> {
    for (const step of steps) {
      if (step.kind === 'file') unsafely(() => runFile(step.path, place, engine, session));
      else if (step.kind === 'function') await inCleanTurn(place, () => step.run({ session, url }));
      else await runCommand(step, place, url);
      stepDone();
    }
  }
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
