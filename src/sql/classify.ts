import { Cursor, unquote } from './cursor.js';
import type { Dialect } from './dialect.js';
import type { Effect } from './effect.js';
import { memoizeByDialect } from './memo.js';
import { readRefusal } from './refusals.js';
import { readTransactionStatement } from './transaction-statements.js';

export type { Effect } from './effect.js';

const CACHED = 1000;
const READ: Effect = { kind: 'read' };
const WRITE: Effect = { kind: 'write' };
const DDL: Effect = { kind: 'ddl' };
const EMPTY: Effect = { kind: 'empty' };

/**
 * What a single statement does. Space, comments and semicolons around it are of no account; of
 * several statements only the first is read.
 *
 * `read` and `write` go by the statement's form: a SELECT may well call a function that writes.
 * What is unknown counts as `write`.
 */
export const classify: (sql: string, dialect: Dialect) => Effect = memoizeByDialect(read, CACHED);

function read(sql: string, dialect: Dialect): Effect {
  const cursor = new Cursor(sql, dialect);
  if (cursor.kind === 'end') return EMPTY;

  const transaction = readTransactionStatement(cursor);
  if (transaction !== undefined) return transaction;

  const statement = new Cursor(sql, dialect);
  const verb = statement.word;
  statement.advance();
  return readRefusal(statement, verb) ?? readStatement(statement, verb);
}

function readStatement(cursor: Cursor, verb: string): Effect {
  switch (verb) {
    case 'SELECT':
      return cursor.dialect === 'postgres' && hasInto(cursor) ? WRITE : READ;
    case 'VALUES':
    case 'TABLE':
    case 'SHOW':
      return READ;
    case 'EXPLAIN':
    case 'DESCRIBE':
    case 'DESC':
      return readExplain(cursor);
    case 'WITH':
      return readWith(cursor);
    case 'PRAGMA':
      return cursor.dialect === 'sqlite' ? readPragma(cursor) : WRITE;
    case 'CREATE':
    case 'DROP':
    case 'ALTER':
    case 'REINDEX':
    case 'ANALYZE':
    case 'COMMENT':
    case 'GRANT':
    case 'REVOKE':
    case 'RENAME':
      return DDL;
    case 'DO':
      // Migrations wrap in a block what may be there already.
      return cursor.dialect === 'postgres' ? DDL : WRITE;
    default:
      // A query may stand in parentheses.
      return verb === '' && cursor.word === 'SELECT' ? READ : WRITE;
  }
}

/** `SELECT … INTO t FROM …` of Postgres makes a table. */
function hasInto(cursor: Cursor): boolean {
  let previous = '';

  for (let depth = 0; cursor.kind !== 'end';) {
    const { word } = cursor;
    // A column may have that name where it cannot be mistaken.
    if (depth === 0 && word === 'INTO' && previous !== '.' && previous !== 'AS') return true;
    if (depth === 0 && word === 'FROM') return false;
    previous = cursor.advance().toUpperCase();
    depth += nesting(previous);
  }
  return false;
}

/** EXPLAIN only reads, but with ANALYZE Postgres and MySQL do run what they explain. */
function readExplain(cursor: Cursor): Effect {
  let analyze = false;

  for (let depth = 0; cursor.kind !== 'end' && cursor.dialect !== 'sqlite';) {
    const { word } = cursor;
    if (word === 'ANALYZE' || word === 'ANALYSE') analyze = true;
    else if (depth === 0 && EXPLAINED.has(word)) {
      cursor.advance();
      return analyze ? readStatement(cursor, word) : READ;
    }
    depth += nesting(cursor.advance());
  }
  return READ;
}

const EXPLAINED: ReadonlySet<string> = new Set([
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'MERGE',
  'REPLACE',
  'VALUES',
  'TABLE',
  'WITH',
  'CREATE',
  'EXECUTE',
  'DECLARE',
  'REFRESH',
]);

/** What follows the named queries decides; in Postgres a named query may itself be a write. */
function readWith(cursor: Cursor): Effect {
  let previous = '';

  for (let depth = 0; cursor.kind !== 'end';) {
    const { word } = cursor;
    if (word === 'INSERT' || word === 'UPDATE' || word === 'DELETE' || word === 'MERGE' || word === 'REPLACE') {
      const begins = depth === 0 ? previous === ')' : previous === '(';
      // replace(…) is a function as well.
      if (begins && (depth === 0 || cursor.dialect === 'postgres')) return WRITE;
    } else if (depth === 0 && word === 'SELECT' && cursor.dialect !== 'postgres') {
      return READ;
    }
    previous = cursor.advance();
    depth += nesting(previous);
  }
  return READ;
}

/** `PRAGMA [schema.]name [= value | (value)]` */
function readPragma(cursor: Cursor): Effect {
  let name = unquote(cursor.advance());
  if (cursor.text === '.') {
    cursor.advance();
    name = unquote(cursor.advance());
  }
  name = name.toLowerCase();

  const sign = cursor.advance();
  if (sign !== '=' && sign !== '(') return { kind: 'pragma', name, value: undefined };

  let value = cursor.kind === 'end' ? '' : cursor.advance();
  if (value === '-' || value === '+') value += cursor.advance();
  return { kind: 'pragma', name, value: unquote(value) };
}

function nesting(text: string): number {
  if (text === '(') return 1;
  return text === ')' ? -1 : 0;
}
