import type { Token } from '../../../sql/lexer.js';
import { type Edit, edited, memoizeReworded, type Reworded } from './reworded.js';
import { bodyOf, meaningful } from './routine-body.js';

/*
 * The parser makes nodes of their own of CURRENT_TIMESTAMP and its like, so no function can take their place: the
 * words are replaced. What takes their place bears their names, so that a column of a result does, too.
 */

const WORDS = /\b(?:current_(?:timestamp|date|time)|local(?:time|timestamp))\b|'\s*now\s*'/i;

/** What each word is, as an expression of the moment that now() gives. */
const EXPRESSIONS: Readonly<Record<string, { readonly type: string; readonly scale: string | undefined }>> = {
  current_timestamp: { type: 'timestamptz', scale: 'timestamptz' },
  localtimestamp: { type: 'timestamp', scale: '"timestamp"' },
  current_date: { type: 'date', scale: undefined },
  current_time: { type: 'timetz', scale: 'timetz' },
  localtime: { type: 'time', scale: '"time"' },
};

/** The functions that take the place of the words; those with a number for a precision. */
export const CLOCK_WORDS: string = Object.entries(EXPRESSIONS)
  .map(([word, { type, scale }]) => {
    const moment = `pg_catalog.now()::pg_catalog.${type}`;
    const made = (parameters: string, body: string): string =>
      `CREATE FUNCTION pg_catalog."${word}"(${parameters}) RETURNS pg_catalog.${type} LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT ${body}'`;
    return scale === undefined
      ? made('', moment)
      : `${made('', moment)};${made('integer', `pg_catalog.${scale}(${moment},$1)`)}`;
  })
  .join(';');

/** Behind these words an expression begins; behind others one of ours is a label. */
const BEFORE_EXPRESSIONS: ReadonlySet<string> = new Set(
  (
    'all and any array between both by case check collate concat constant default distinct div else elsif escape except exists ' +
    'execute exclude extract filter for foreach from group having if ilike in intersect interval into is leading like limit ' +
    'loop mod next not offset on or order over overlaps perform placing query raise recursive return returning select set ' +
    'similar some strict symmetric then to trailing union until using values variadic when where while with xor'
  ).split(' '),
);

const TYPES: ReadonlySet<string> = new Set(['timestamptz', 'timestamp', 'date', 'time', 'timetz']);

/**
 * A text in which the words stand for what now() gives: in the text itself, in defaults, and in the bodies of
 * functions and blocks in dollar quotes. Undefined if there is nothing of the kind in it.
 */
export const withStatementClock: (sql: string) => Reworded | undefined = memoizeReworded((sql) => {
  if (!WORDS.test(sql)) return undefined;
  const edits = new Reader(sql, 0, false).edits();
  return edits.length === 0 ? undefined : edited(sql, edits);
});

/** Reads a text, or the body of a routine in one. */
class Reader {
  readonly #sql: string;
  readonly #offset: number;
  /** Whether the text is a body, whose plans are kept. */
  readonly #body: boolean;
  readonly #tokens: readonly Token[];

  /** @param offset where the text begins in the one that is edited */
  constructor(sql: string, offset: number, body: boolean) {
    this.#sql = sql;
    this.#offset = offset;
    this.#body = body;
    this.#tokens = [...meaningful(sql)];
  }

  edits(): Edit[] {
    const edits: Edit[] = [];
    // A literal in a definition is read when it is made, and in a body when that is planned: it stands still anyway.
    let still = this.#body;
    let from = 0;

    for (const [index, token] of this.#tokens.entries()) {
      const text = this.#text(index);
      const first = index === 0 || this.#tokens[index - 1]?.kind === 'semicolon';
      if (first) from = index === 0 ? 0 : token.start;
      if (first && !this.#body) still = text === 'create' || text === 'alter';

      if (token.kind === 'string' && text.startsWith('$')) edits.push(...this.#ofBody(token, from));
      else if (token.kind === 'string' && !still) edits.push(...this.#ofNow(index));
      else if (token.kind === 'word' && Object.hasOwn(EXPRESSIONS, text) && this.#begins(index))
        edits.push(this.#ofWord(index));
    }
    return edits;
  }

  #text(index: number): string {
    const token = this.#tokens[index];
    return token === undefined ? '' : this.#sql.slice(token.start, token.end).toLowerCase();
  }

  /** The tokens from one to another are replaced. */
  #edit(from: number, to: number, text: string): Edit {
    const [first, last] = [this.#tokens[from] as Token, this.#tokens[to] as Token];
    return { start: this.#offset + first.start, end: this.#offset + last.end, text };
  }

  /** A default shows itself as what everybody writes: `now()`. */
  #ofWord(index: number): Edit {
    const word = this.#text(index);
    const precise = this.#text(index + 1) === '(' && this.#text(index + 3) === ')';
    const before = this.#text(index - 1) === '(' ? this.#text(index - 2) : this.#text(index - 1);
    if (before !== 'default') return this.#edit(index, index, precise ? `"${word}"` : `"${word}"()`);
    if (word === 'current_timestamp' && !precise) return this.#edit(index, index, 'now()');

    const type = EXPRESSIONS[word]?.type ?? '';
    const precision = precise ? `(${this.#text(index + 2)})` : '';
    return this.#edit(index, precise ? index + 3 : index, `(now())::${type}${precision}`);
  }

  /** `'now'::timestamptz`, `timestamptz 'now'`, `CAST('now' AS timestamptz)`: the column stays called by its type. */
  #ofNow(index: number): Edit[] {
    if (!/^'\s*now\s*'$/.test(this.#text(index))) return [];
    const [before, behind] = [this.#text(index - 1), this.#text(index + 1)];

    if (TYPES.has(before) && this.#text(index - 2) !== '.')
      return [this.#edit(index - 1, index, `${MOMENT}::${before}`)];
    const casts = behind === ':' && this.#text(index + 2) === ':' && TYPES.has(this.#text(index + 3));
    const cast =
      before === '(' && this.#text(index - 2) === 'cast' && behind === 'as' && TYPES.has(this.#text(index + 2));
    return casts || cast ? [this.#edit(index, index, MOMENT)] : [];
  }

  /** Any other text in dollar quotes is only text. */
  #ofBody(token: Token, from: number): Edit[] {
    const body = bodyOf(this.#sql, token, from);
    return body !== undefined && WORDS.test(body.text)
      ? new Reader(body.text, this.#offset + body.start, true).edits()
      : [];
  }

  /** Whether an expression may begin there. */
  #begins(index: number): boolean {
    const before = this.#tokens[index - 1];
    const text = this.#text(index - 1);
    if (before?.kind === 'word') return BEFORE_EXPRESSIONS.has(text);
    return before?.kind === 'symbol' && !/^[)\].]$/.test(text);
  }
}

/** What it is is told by the cast behind it. */
const MOMENT = "(pg_catalog.now()+'0')";
