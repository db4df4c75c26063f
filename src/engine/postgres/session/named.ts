import { tokenize, type Token } from '../../../sql/lexer.js';
import { memoize } from '../../../sql/memo.js';

/** A statement whose `:name` placeholders are written as `$1`, `$2` …, one number for each name. */
export interface NamedStatement {
  readonly text: string;
  /** The name behind each number. */
  readonly names: readonly string[];
}

const CACHED = 1000;

/**
 * Numbers the `:name` placeholders of a statement; the names are empty where it has none.
 *
 * Not placeholders are a cast (`a::text`), `:=`, what is inside strings, names and comments, and the
 * bound of an array slice that directly follows an operand, `a[1:n]`.
 */
export const numberNames: (sql: string) => NamedStatement = memoize(rewrite, CACHED);

function rewrite(sql: string): NamedStatement {
  if (!sql.includes(':')) return { text: sql, names: [] };

  const names: string[] = [];
  const pieces: string[] = [];
  let copied = 0;
  let brackets = 0;
  const tokens = tokenize(sql, 'postgres');

  for (const [index, token] of tokens.entries()) {
    const sign = token.kind === 'symbol' ? sql[token.start] : '';
    if (sign === '[') brackets += 1;
    if (sign === ']') brackets -= 1;

    const before = tokens[index - 1];
    const name = tokens[index + 1];
    if (sign !== ':' || name?.kind !== 'word') continue;
    if (before !== undefined && (isColon(sql, before) || (brackets > 0 && isOperand(sql, before)))) continue;

    const written = sql.slice(name.start, name.end);
    if (!names.includes(written)) names.push(written);
    pieces.push(sql.slice(copied, token.start), `$${names.indexOf(written) + 1}`);
    copied = name.end;
  }

  return { text: pieces.join('') + sql.slice(copied), names };
}

function isColon(sql: string, token: Token): boolean {
  return token.kind === 'symbol' && sql[token.start] === ':';
}

/** Whether a value may end with this token. */
function isOperand(sql: string, token: Token): boolean {
  if (token.kind === 'symbol') return sql[token.start] === ')' || sql[token.start] === ']';
  return token.kind !== 'space' && token.kind !== 'comment';
}
