import { RESULT_CODES } from './sqlite3-constants.js';

/** An error as node-sqlite3 makes them: the primary code, also in the message. */
export interface Sqlite3Error extends Error {
  readonly code: string;
  readonly errno: number;
}

export function sqlite3Error(code: string, message: string): Sqlite3Error {
  const errno = RESULT_CODES[code.slice('SQLITE_'.length)] ?? 1;
  return Object.assign(new Error(`${code}: ${message}`), { errno, code });
}

/** What the callback gets for an error of the real handle. Errors of Lockstep stay what they are. */
export function translateError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof RangeError && error.message.includes('contains no statements')) {
    return sqlite3Error('SQLITE_MISUSE', 'not an error');
  }
  if (error.name !== 'SqliteError' || !('code' in error)) return error;

  // node-sqlite3 does not ask for extended codes: SQLITE_CONSTRAINT_UNIQUE is SQLITE_CONSTRAINT.
  const primary = String(error.code).split('_').slice(0, 2).join('_');
  const translated = sqlite3Error(primary, error.message);
  if ('hint' in error) Object.defineProperty(translated, 'hint', { value: error.hint });
  return translated;
}
