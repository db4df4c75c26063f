import type { Effect } from '../../sql/effect.js';
import type { Connection } from './connection.js';

export type Pragma = Extract<Effect, { kind: 'pragma' }>;

/** SQLite ignores a pragma that it does not know: no rows, no columns, no effect. */
export const NOTHING = 'PRAGMA lockstep_nothing';
const SYNCHRONOUS = ['off', 'normal', 'full', 'extra'];
const TEMP_STORE = ['default', 'file', 'memory'];
const JOURNAL_MODES = ['delete', 'truncate', 'persist', 'memory', 'wal', 'off'];

/** Settings of the real handle that no rollback undoes, with the value to put back where it cannot be read. */
export const LASTING: ReadonlyMap<string, number | undefined> = new Map([
  ['recursive_triggers', undefined],
  ['case_sensitive_like', 0],
  ['ignore_check_constraints', undefined],
  ['legacy_alter_table', undefined],
  ['reverse_unordered_selects', undefined],
  ['writable_schema', undefined],
  ['automatic_index', undefined],
  ['trusted_schema', undefined],
]);

/**
 * The statement that answers for a pragma which must not reach the real handle; undefined for one
 * that may.
 *
 * A pragma about files, locks or waiting is a setting of the connection that means nothing in
 * memory: it is kept with the virtual connection and answered as set.
 */
export function emulatePragma(connection: Connection, pragma: Pragma, journalMode: string): string | undefined {
  const { name, value } = pragma;
  const { settings } = connection;

  switch (name) {
    case 'journal_mode': {
      const current = String(settings.get(name) ?? journalMode);
      const wanted = value?.toLowerCase();
      // As in production, a database in memory does not leave its mode; one that the app opens by a path is none.
      if (wanted === undefined || (journalMode === 'memory' && !settings.has(name)) || !JOURNAL_MODES.includes(wanted))
        return answer(name, current);
      settings.set(name, wanted);
      return answer(name, wanted);
    }
    case 'locking_mode': {
      const wanted = value?.toLowerCase();
      if (wanted === 'normal' || wanted === 'exclusive') settings.set(name, wanted);
      return answer(name, settings.get(name) ?? 'normal');
    }
    case 'synchronous':
      return numeric(connection, pragma, SYNCHRONOUS, 2);
    case 'temp_store':
      return numeric(connection, pragma, TEMP_STORE, 0);
    case 'wal_checkpoint':
      // Within its own transaction it fails once that has begun, as in production: SQLite sees to that.
      return connection.transaction.open ? undefined : checkpoint(String(settings.get('journal_mode') ?? journalMode));
    case 'wal_autocheckpoint':
      if (value !== undefined) settings.set(name, Math.max(0, Number(value) || 0));
      return answer(name, settings.get(name) ?? 1000);
    case 'query_only':
      if (value === undefined) return answer(name, settings.get(name) ?? 0);
      settings.set(name, truth(value) ? 1 : 0);
      return NOTHING;
    default:
      return undefined;
  }
}

/** Settings of the connection's own, which have nothing to do with what is in the database. */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'foreign_keys',
  'journal_mode',
  'locking_mode',
  'synchronous',
  'temp_store',
  'wal_autocheckpoint',
  'query_only',
  'busy_timeout',
  'cache_size',
  'mmap_size',
]);

/** Whether the pragma sets or reads a setting for which nobody has to be alone with the database. */
export function isOfConnection({ name }: Pragma): boolean {
  return OF_CONNECTION.has(name);
}

/** The statement that answers whether foreign keys hold. */
export function answerForeignKeys(on: boolean): string {
  return answer('foreign_keys', on ? 1 : 0);
}

/** SQLite's idea of a boolean, see sqlite3GetBoolean in its pragma.c. */
export function truth(value: string): boolean {
  return /^(?:on|yes|true|[1-9]\d*)$/i.test(value);
}

function numeric(connection: Connection, { name, value }: Pragma, words: readonly string[], byDefault: number): string {
  if (value === undefined) return answer(name, connection.settings.get(name) ?? byDefault);

  const word = words.indexOf(value.toLowerCase());
  connection.settings.set(name, word >= 0 ? word : Number(value) || 0);
  return NOTHING;
}

/** What SQLite answers where nothing is left to be checkpointed; -1 where there is no write-ahead log. */
function checkpoint(journalMode: string): string {
  const pages = journalMode === 'wal' ? 0 : -1;
  return `SELECT 0 AS busy, ${pages} AS log, ${pages} AS checkpointed`;
}

function answer(column: string, value: string | number): string {
  return `SELECT ${typeof value === 'number' ? value : `'${value}'`} AS ${column}`;
}

/**
 * A statement with the columns of a pragma and without its effect, since SQLite changes some
 * settings as soon as the pragma is prepared.
 */
export function harmless(sql: string, { name, value }: Pragma): string {
  if (value === undefined) return sql;
  if (name === 'journal_mode' || name === 'locking_mode') return answer(name, 0);

  return SETTINGS.has(name) || LASTING.has(name) ? NOTHING : sql;
}

const SETTINGS: ReadonlySet<string> = new Set([
  'synchronous',
  'temp_store',
  'query_only',
  'foreign_keys',
  'defer_foreign_keys',
]);
