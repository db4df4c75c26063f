import type { Dialect } from './dialect.js';
import {
  after,
  endsMySqlDashes,
  isDigit,
  isSpace,
  isWordPart,
  isWordStart,
  match,
  skipComment,
  skipDigits,
  skipEscapeString,
  skipLine,
  skipQuoted,
  skipSpace,
  skipWord,
} from './extent.js';

/** A piece of SQL text, `sql.slice(start, end)`. */
export interface Token {
  readonly kind:
    'word' | 'string' | 'identifier' | 'number' | 'comment' | 'space' | 'semicolon' | 'placeholder' | 'symbol';
  readonly start: number;
  readonly end: number;
}

/**
 * Cuts SQL into tokens that follow each other without gaps, from the first character to the last.
 *
 * Never throws: a string, name or comment that is not closed reaches to the end of the text, as the
 * databases read it. Quoted names are `identifier`, keywords and bare names are `word`, blobs are
 * `string`, and every operator character is a `symbol` of its own.
 */
export function tokenize(sql: string, dialect: Dialect): Token[] {
  const tokens: Token[] = [];
  for (let token = readToken(sql, 0, dialect); token !== undefined; token = readToken(sql, token.end, dialect)) {
    tokens.push(token);
  }
  return tokens;
}

/** The token that starts at `start`, undefined at the end of the text. */
export function readToken(sql: string, start: number, dialect: Dialect): Token | undefined {
  if (start >= sql.length) return undefined;

  const char = sql.charCodeAt(start);
  if (isSpace(char)) return { kind: 'space', start, end: skipSpace(sql, start + 1) };
  if (isWordStart(char)) return readWord(sql, start, dialect);
  if (isDigit(char)) return { kind: 'number', start, end: match(NUMBER, sql, start) };
  return readMark(sql, start, dialect);
}

const NUMBER = /(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)[\w$\x80-\uffff]*/y;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$/y;

/** Tokens that begin with a sign. */
function readMark(sql: string, start: number, dialect: Dialect): Token {
  const next = sql[start + 1];

  switch (sql.charAt(start)) {
    case ';':
      return { kind: 'semicolon', start, end: start + 1 };
    case "'":
      return { kind: 'string', start, end: skipQuoted(sql, start, dialect === 'mysql') };
    case '"':
      return dialect === 'mysql'
        ? { kind: 'string', start, end: skipQuoted(sql, start, true) }
        : { kind: 'identifier', start, end: skipQuoted(sql, start, false) };
    case '`':
      if (dialect === 'postgres') break;
      return { kind: 'identifier', start, end: skipQuoted(sql, start, false) };
    case '[':
      if (dialect !== 'sqlite') break;
      return { kind: 'identifier', start, end: after(sql, ']', start + 1) };
    case '-':
      if (next !== '-' || (dialect === 'mysql' && !endsMySqlDashes(sql, start + 2))) break;
      return { kind: 'comment', start, end: skipLine(sql, start, dialect) };
    case '#':
      if (dialect !== 'mysql') break;
      return { kind: 'comment', start, end: skipLine(sql, start, dialect) };
    case '/':
      if (next !== '*') break;
      return { kind: 'comment', start, end: skipComment(sql, start, dialect) };
    case '*':
      // Outside a comment this can only close MySQL's executable one.
      if (dialect !== 'mysql' || next !== '/') break;
      return { kind: 'comment', start, end: start + 2 };
    case '.':
      if (!isDigit(sql.charCodeAt(start + 1))) break;
      return { kind: 'number', start, end: match(NUMBER, sql, start) };
    case '$':
      if (dialect === 'postgres') return readDollar(sql, start);
      if (dialect === 'sqlite') return readNamed(sql, start, 'placeholder');
      break;
    case ':':
      // `label:BEGIN` of MySQL's procedures, `::` and array slices of Postgres.
      if (dialect === 'postgres' || (dialect === 'mysql' && isWordPart(sql.charCodeAt(start - 1)))) break;
      return readNamed(sql, start, 'placeholder');
    case '@':
      if (dialect === 'postgres') break;
      return readNamed(sql, start, dialect === 'mysql' ? 'word' : 'placeholder');
    case '?':
      // An operator of Postgres' jsonb.
      if (dialect === 'postgres') break;
      return { kind: 'placeholder', start, end: dialect === 'sqlite' ? skipDigits(sql, start + 1) : start + 1 };
  }
  return { kind: 'symbol', start, end: start + 1 };
}

/** A word, or a string whose quote has a letter in front of it. */
function readWord(sql: string, start: number, dialect: Dialect): Token {
  if (sql[start + 1] === "'") {
    const letter = sql[start]?.toLowerCase() ?? '';
    if (letter === 'e' && dialect === 'postgres')
      return { kind: 'string', start, end: skipEscapeString(sql, start + 1) };

    const prefixes = { sqlite: 'x', postgres: 'xbn', mysql: 'xbn' };
    if (prefixes[dialect].includes(letter)) {
      return { kind: 'string', start, end: skipQuoted(sql, start + 1, dialect === 'mysql') };
    }
  }
  return { kind: 'word', start, end: skipWord(sql, start + 1) };
}

/** `$1`, or a string between dollar quotes. */
function readDollar(sql: string, start: number): Token {
  const digits = skipDigits(sql, start + 1);
  if (digits > start + 1) return { kind: 'placeholder', start, end: digits };

  const opened = match(DOLLAR_QUOTE, sql, start);
  if (opened === start) return { kind: 'symbol', start, end: start + 1 };
  return { kind: 'string', start, end: after(sql, sql.slice(start, opened), opened) };
}

/** A sign that makes a placeholder or variable together with the name behind it. */
function readNamed(sql: string, start: number, kind: 'placeholder' | 'word'): Token {
  const end = skipWord(sql, start + 1);
  return end > start + 1 ? { kind, start, end } : { kind: 'symbol', start, end: start + 1 };
}
