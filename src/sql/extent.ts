import type { Dialect } from './dialect.js';

/*
 * How far the pieces of SQL reach. Every function returns the position behind the piece, the end of
 * the text where it is not closed.
 */

// Postgres: after a line break, a further quoted piece continues the string, with the same escapes.
// One character at a time: a `+` inside the group would make long runs of space exponential.
const STRING_CONTINUES = /[ \t\f\v]*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y;
// MySQL runs what is inside /*! … */, so only the marks are comments.
const MYSQL_CODE_MARK = /\/\*!\d*/y;

/** Past the closing quote; a doubled quote does not close. */
export function skipQuoted(sql: string, start: number, backslashes: boolean): number {
  const quote = sql.charAt(start);
  if (backslashes) return skipEscaped(sql, start);

  for (let at = start + 1; ; at += 2) {
    at = sql.indexOf(quote, at);
    if (at < 0) return sql.length;
    if (sql[at + 1] !== quote) return at + 1;
  }
}

/** Past the closing quote of a string in which a backslash takes the next character along. */
function skipEscaped(sql: string, start: number): number {
  const quote = sql[start];

  for (let at = start + 1; at < sql.length; at += 1) {
    if (sql[at] === '\\') at += 1;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at += 1;
    }
  }
  return sql.length;
}

export function skipEscapeString(sql: string, start: number): number {
  for (let end = skipEscaped(sql, start); ;) {
    const continued = match(STRING_CONTINUES, sql, end);
    if (continued === end) return end;
    end = skipEscaped(sql, continued - 1);
  }
}

export function skipComment(sql: string, start: number, dialect: Dialect): number {
  if (dialect === 'postgres') return skipNestedComment(sql, start);
  if (dialect === 'mysql' && sql[start + 2] === '!') return match(MYSQL_CODE_MARK, sql, start);
  return after(sql, '*/', start + 2);
}

function skipNestedComment(sql: string, start: number): number {
  let depth = 1;

  for (let at = start + 2; at < sql.length; at += 1) {
    if (sql[at] === '*' && sql[at + 1] === '/') {
      at += 1;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (sql[at] === '/' && sql[at + 1] === '*') {
      at += 1;
      depth += 1;
    }
  }
  return sql.length;
}

/** To the line break, which is not part of the comment. */
export function skipLine(sql: string, start: number, dialect: Dialect): number {
  const feed = sql.indexOf('\n', start);
  const end = feed < 0 ? sql.length : feed;
  if (dialect !== 'postgres') return end;

  // Of the three, only Postgres ends the comment at a lone carriage return.
  const carriage = sql.slice(start, end).indexOf('\r');
  return carriage < 0 ? end : start + carriage;
}

/** MySQL: two dashes are a comment only before a space, a control character or the end. */
export function endsMySqlDashes(sql: string, at: number): boolean {
  return at >= sql.length || sql.charCodeAt(at) <= 0x20;
}

export function skipSpace(sql: string, at: number): number {
  while (at < sql.length && isSpace(sql.charCodeAt(at))) at += 1;
  return at;
}

export function skipWord(sql: string, at: number): number {
  while (at < sql.length && isWordPart(sql.charCodeAt(at))) at += 1;
  return at;
}

export function skipDigits(sql: string, at: number): number {
  while (at < sql.length && isDigit(sql.charCodeAt(at))) at += 1;
  return at;
}

/** Past the next occurrence of `text`, or the end. */
export function after(sql: string, text: string, from: number): number {
  const at = sql.indexOf(text, from);
  return at < 0 ? sql.length : at + text.length;
}

/** The end of a sticky expression's match at `at`; `at` itself if there is none. */
export function match(expression: RegExp, sql: string, at: number): number {
  expression.lastIndex = at;
  return expression.test(sql) ? expression.lastIndex : at;
}

export function isSpace(char: number): boolean {
  // The byte order mark is what editors leave at the start of SQL files.
  return char === 0x20 || (char >= 0x09 && char <= 0x0d) || char === 0xfeff;
}

export function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}

export function isWordStart(char: number): boolean {
  return (char >= 0x61 && char <= 0x7a) || (char >= 0x41 && char <= 0x5a) || char === 0x5f || char >= 0x80;
}

export function isWordPart(char: number): boolean {
  return isWordStart(char) || isDigit(char) || char === 0x24;
}
