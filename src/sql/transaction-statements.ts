import { type Cursor, unquote } from './cursor.js';
import type { Effect } from './effect.js';

/**
 * The effect of a statement that begins, ends or marks a transaction; undefined for any other.
 *
 * A text that only begins like one (`COMMIT nonsense`) is none of them either: the database will
 * refuse it, in its own words.
 */
export function readTransactionStatement(cursor: Cursor): Effect | undefined {
  const verb = cursor.take('BEGIN', 'START', 'COMMIT', 'END', 'ROLLBACK', 'ABORT', 'SAVEPOINT', 'RELEASE');
  if (verb === '') return undefined;

  const effect = readRest(cursor, verb);
  return cursor.kind === 'end' ? effect : undefined;
}

function readRest(cursor: Cursor, verb: string): Effect | undefined {
  switch (verb) {
    case 'BEGIN':
      return readBegin(cursor);
    case 'START':
      if (cursor.dialect === 'sqlite' || cursor.take('TRANSACTION') === '') return undefined;
      return readModes(cursor, 'START TRANSACTION');
    case 'COMMIT':
      return readEnd(cursor, 'commit');
    case 'END':
      return cursor.dialect === 'mysql' ? undefined : readEnd(cursor, 'commit');
    case 'ROLLBACK':
      return readRollback(cursor);
    case 'ABORT':
      return cursor.dialect === 'postgres' ? readEnd(cursor, 'rollback') : undefined;
    case 'SAVEPOINT':
      return readSavepoint(cursor, 'savepoint');
    default:
      cursor.take('SAVEPOINT');
      return readSavepoint(cursor, 'release');
  }
}

function readBegin(cursor: Cursor): Effect | undefined {
  if (cursor.dialect === 'sqlite') {
    const mode = cursor.take('DEFERRED', 'IMMEDIATE', 'EXCLUSIVE').toLowerCase();
    skipTransactionWord(cursor);
    return {
      kind: 'begin',
      mode: mode === '' ? undefined : (mode as 'deferred' | 'immediate' | 'exclusive'),
      tag: 'BEGIN',
    };
  }

  cursor.take('WORK', 'TRANSACTION');
  return readModes(cursor, 'BEGIN');
}

/** Isolation levels and the like, of which only READ ONLY changes what the sandbox does. */
function readModes(cursor: Cursor, tag: 'BEGIN' | 'START TRANSACTION'): Effect | undefined {
  const words: string[] = [];

  while (cursor.kind !== 'end') {
    const text = cursor.advance().toUpperCase();
    if (!MODE_WORDS.has(text)) return undefined;
    words.push(text);
  }
  return { kind: 'begin', mode: undefined, tag, ...transactionModes(words.join(' ')) };
}

/** What a list of transaction modes says; the last of each kind counts. */
export function transactionModes(text: string): { readonly readOnly?: boolean; readonly isolation?: string } {
  const access = [...text.matchAll(/\bREAD\s+(ONLY|WRITE)\b/gi)].at(-1)?.[1];
  const level = [...text.matchAll(LEVEL)].at(-1)?.[1];

  return {
    ...(access !== undefined && { readOnly: access.toUpperCase() === 'ONLY' }),
    ...(level !== undefined && { isolation: level.replace(/\s+/g, ' ').toLowerCase() }),
  };
}

const LEVEL = /\bISOLATION\s+LEVEL\s+(SERIALIZABLE|REPEATABLE\s+READ|READ\s+(?:UN)?COMMITTED)\b/gi;

const MODE_WORDS: ReadonlySet<string> = new Set(
  'ISOLATION LEVEL SERIALIZABLE REPEATABLE READ COMMITTED UNCOMMITTED ONLY WRITE NOT DEFERRABLE WITH CONSISTENT SNAPSHOT ,'.split(
    ' ',
  ),
);

function readRollback(cursor: Cursor): Effect | undefined {
  skipTransactionWord(cursor);
  if (cursor.take('TO') === '') return readChain(cursor, 'rollback');

  cursor.take('SAVEPOINT');
  return readSavepoint(cursor, 'rollbackTo');
}

function readEnd(cursor: Cursor, kind: 'commit' | 'rollback'): Effect | undefined {
  skipTransactionWord(cursor);
  return readChain(cursor, kind);
}

function readChain(cursor: Cursor, kind: 'commit' | 'rollback'): Effect | undefined {
  let chain = false;

  if (cursor.dialect !== 'sqlite' && cursor.take('AND') !== '') {
    chain = cursor.take('NO') === '';
    if (cursor.take('CHAIN') === '') return undefined;
  }
  if (cursor.dialect === 'mysql') {
    cursor.take('NO');
    cursor.take('RELEASE');
  }
  return { kind, chain };
}

/** The noise word behind a verb. SQLite allows a name after it, which means nothing. */
function skipTransactionWord(cursor: Cursor): void {
  if (cursor.dialect === 'sqlite') {
    if (cursor.take('TRANSACTION') !== '' && cursor.word !== 'TO' && isName(cursor)) cursor.advance();
  } else {
    cursor.take('WORK', 'TRANSACTION');
  }
}

function readSavepoint(cursor: Cursor, kind: 'savepoint' | 'release' | 'rollbackTo'): Effect | undefined {
  if (!isName(cursor)) return undefined;

  const bare = cursor.kind === 'word';
  const written = unquote(cursor.advance());
  // Postgres keeps the case of quoted names; the others compare all names without regard to it.
  const name = bare || cursor.dialect !== 'postgres' ? lowerAscii(written) : written;
  return { kind, name, written };
}

function isName(cursor: Cursor): boolean {
  if (cursor.kind === 'word' || cursor.kind === 'identifier') return true;
  return cursor.kind === 'string' && cursor.dialect === 'sqlite';
}

function lowerAscii(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
