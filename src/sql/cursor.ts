import type { Dialect } from './dialect.js';
import { readToken, type Token } from './lexer.js';

/**
 * Reads one statement word by word: space and comments are passed over, the statement ends at its
 * semicolon. Tokens are read as they are asked for, since the first few words say what most
 * statements do and the rest may be long.
 */
export class Cursor {
  readonly dialect: Dialect;
  readonly #sql: string;
  #token: Token | undefined;

  constructor(sql: string, dialect: Dialect) {
    this.dialect = dialect;
    this.#sql = sql;
    this.#token = this.#read(0);
    while (this.#token?.kind === 'semicolon') this.#token = this.#read(this.#token.end);
  }

  /** Kind of the current token, `end` behind the last. */
  get kind(): Token['kind'] | 'end' {
    return this.#token === undefined || this.#token.kind === 'semicolon' ? 'end' : this.#token.kind;
  }

  /** The current token's text. */
  get text(): string {
    return this.#token === undefined ? '' : this.#sql.slice(this.#token.start, this.#token.end);
  }

  /** The current word in upper case; empty where the current token is not a word. */
  get word(): string {
    return this.#token?.kind === 'word' ? this.text.toUpperCase() : '';
  }

  /** Goes to the next token; returns the text of the one it leaves. */
  advance(): string {
    const text = this.text;
    if (this.#token !== undefined && this.kind !== 'end') this.#token = this.#read(this.#token.end);
    return text;
  }

  /** Passes the current token if it is one of these words; returns which, or an empty string. */
  take(...words: readonly string[]): string {
    const { word } = this;
    if (word === '' || !words.includes(word)) return '';

    this.advance();
    return word;
  }

  #read(from: number): Token | undefined {
    let token = readToken(this.#sql, from, this.dialect);
    while (token?.kind === 'space' || token?.kind === 'comment') token = readToken(this.#sql, token.end, this.dialect);
    return token;
  }
}

/** A string or quoted name without its quotes; anything else as it is. */
export function unquote(text: string): string {
  const open = text.charAt(0);
  if (open === '[') return text.slice(1, -1);
  if (open !== "'" && open !== '"' && open !== '`') return text;
  return text.slice(1, -1).replaceAll(open + open, open);
}
