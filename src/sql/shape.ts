import type { Dialect } from './dialect.js';
import { type Token, tokenize } from './lexer.js';
import { memoizeByDialect } from './memo.js';

const CACHED = 1000;
/** Behind these words, a sign is that of a number. */
const OPERATORS: ReadonlySet<string> = new Set(
  'and between by else from in is like limit not offset on or return returning select set then values when where'.split(
    ' ',
  ),
);

/**
 * A statement without what differs from one execution to the next: literals and placeholders are
 * `?`, several in a row are one, rows that look the same are one, and comments, case and blank space
 * are of no account. `WHERE id IN (1, 2)` and `where id in ($1)` have the same shape.
 */
export const shapeOf: (sql: string, dialect: Dialect) => string = memoizeByDialect(read, CACHED);

/** A piece of the shape, and whether there is space in front of it. */
interface Part {
  readonly text: string;
  readonly apart: boolean;
}

function read(sql: string, dialect: Dialect): string {
  const parts: Part[] = [];
  const opened: number[] = [];
  let apart = false;

  for (const token of tokenize(sql, dialect)) {
    if (token.kind === 'space' || token.kind === 'comment') {
      apart = true;
      continue;
    }
    const text = textOf(sql, token);
    if (token.kind === 'number' && isSigned(parts)) apart = parts.pop()?.apart ?? apart;
    if (text === '?' && ends(parts, '?', ',')) parts.pop();
    else {
      if (text === '(') opened.push(parts.length);
      parts.push({ text, apart });
      if (text === ')') dropRepeatedRow(parts, opened.pop());
    }
    apart = false;
  }
  while (ends(parts, ';')) parts.pop();
  return parts
    .map((part, index) => (index > 0 && isApart(parts[index - 1], part) ? ` ${part.text}` : part.text))
    .join('');
}

function textOf(sql: string, { kind, start, end }: Token): string {
  const text = sql.slice(start, end);
  switch (kind) {
    case 'string':
    case 'number':
    case 'placeholder':
      return '?';
    case 'word':
      return /^(?:true|false)$/i.test(text) ? '?' : text.toLowerCase();
    default:
      return text;
  }
}

/** Whether the last part is the sign of the number that follows, and not an operator between two values. */
function isSigned(parts: readonly Part[]): boolean {
  if (!ends(parts, '-') && !ends(parts, '+')) return false;

  const before = parts.at(-2)?.text;
  return before === undefined || OPERATORS.has(before) || /^[(,=<>*/%|]$/.test(before);
}

function ends(parts: readonly Part[], ...texts: readonly string[]): boolean {
  return texts.every((text, index) => parts[parts.length - texts.length + index]?.text === text);
}

/** `(?, now()), (?, now())` is one row: how many an INSERT has is of no account. */
function dropRepeatedRow(parts: Part[], start: number | undefined): void {
  if (start === undefined || parts[start - 1]?.text !== ',') return;

  const length = parts.length - start;
  const before = start - 1 - length;
  for (let at = 0; at < length; at += 1) if (parts[before + at]?.text !== parts[start + at]?.text) return;
  parts.length = start - 1;
}

function isApart(previous: Part | undefined, { text, apart }: Part): boolean {
  if (text === ',' || text === ')' || text === ';' || previous?.text === '(') return false;
  return apart || previous?.text === ',';
}
