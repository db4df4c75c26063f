import { type Token, tokenize } from './lexer.js';
import { memoize } from './memo.js';

const CACHED = 1000;
const ACTIONS: readonly string[] = ['DELETE', 'UPDATE', 'INSERT'];
/** How many further words an action behind ON has. */
const LONG_ACTIONS: ReadonlySet<string> = new Set(['SET', 'NO']);

/**
 * A `CREATE TABLE` of SQLite without its foreign keys: `CHECK(1)` stands in the place of each, since
 * a name may stand before it (`CONSTRAINT fk`) and commas around it. The same text where it has none.
 *
 * Columns, rows and all other constraints stay what they are, so that the text can take the other
 * one's place while rows are there.
 */
export const withoutReferences: (sql: string) => string = memoize(replaceReferences, CACHED);

function replaceReferences(sql: string): string {
  if (!/references/i.test(sql)) return sql;

  const words = new Words(sql);
  if (!words.passCreateTable()) return sql;

  let bare = '';
  let copied = 0;
  while (!words.ended) {
    const start = words.start;
    if (!words.passReference()) {
      words.advance();
      continue;
    }
    bare += `${sql.slice(copied, start)}CHECK(1)`;
    copied = words.endOfLast;
  }
  return bare + sql.slice(copied);
}

/** A `CREATE TABLE` of SQLite with another name for the table, which SQLite's `ALTER TABLE … RENAME` writes so. */
export function withTableName(sql: string, name: string): string {
  const words = new Words(sql);
  if (!words.passCreateTable()) return sql;

  const { start } = words;
  words.advance();
  return `${sql.slice(0, start)}"${name.replaceAll('"', '""')}"${sql.slice(words.endOfLast)}`;
}

const SCHEMA = /sqlite_(?:temp_)?(?:schema|master)|pragma_/i;

/** Whether a statement names the schema as a table, or one of the functions that tell of it. */
export function namesSchema(sql: string): boolean {
  if (!SCHEMA.test(sql)) return false;
  return tokenize(sql, 'sqlite').some(
    ({ kind, start, end }) => (kind === 'word' || kind === 'identifier') && SCHEMA.test(sql.slice(start, end)),
  );
}

/** What a schema change does to a table as a whole. */
export function tableChange(sql: string): 'drop' | 'rename' | undefined {
  const words = new Words(sql);

  if (words.pass('DROP', 'TABLE')) return 'drop';
  if (!words.pass('ALTER', 'TABLE')) return undefined;
  words.passName();
  return words.pass('RENAME', 'TO') ? 'rename' : undefined;
}

/** The tokens of a statement, without space and comments. */
class Words {
  readonly #sql: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(sql: string) {
    this.#sql = sql;
    this.#tokens = tokenize(sql, 'sqlite').filter(({ kind }) => kind !== 'space' && kind !== 'comment');
  }

  get ended(): boolean {
    return this.#at >= this.#tokens.length;
  }

  get start(): number {
    return this.#tokens[this.#at]?.start ?? this.#sql.length;
  }

  /** Where the token ends that was passed last. */
  get endOfLast(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0;
  }

  advance(): void {
    this.#at += 1;
  }

  /** Passes these words if they all come next. */
  pass(...words: readonly string[]): boolean {
    if (!words.every((word, index) => this.#word(this.#at + index) === word)) return false;
    this.#at += words.length;
    return true;
  }

  /** Passes what comes before the table's name. */
  passCreateTable(): boolean {
    const from = this.#at;
    if (this.pass('CREATE')) {
      if (!this.pass('TEMP')) this.pass('TEMPORARY');
      if (this.pass('TABLE')) {
        this.pass('IF', 'NOT', 'EXISTS');
        return true;
      }
    }
    this.#at = from;
    return false;
  }

  /** `name` or `schema.name` */
  passName(): void {
    this.advance();
    if (this.#text(this.#at) === '.') this.#at += 2;
  }

  /** A column's `REFERENCES …`, or the table's own `FOREIGN KEY … REFERENCES …`. */
  passReference(): boolean {
    const from = this.#at;
    if (this.pass('FOREIGN', 'KEY')) this.#passParentheses();
    if (!this.pass('REFERENCES')) {
      this.#at = from;
      return false;
    }

    this.advance();
    this.#passParentheses();
    while (this.#passArgument());
    return true;
  }

  /** What follows the parent: see foreign-key-clause in https://www.sqlite.org/lang_createtable.html */
  #passArgument(): boolean {
    if (this.#word(this.#at) === 'ON' && ACTIONS.includes(this.#word(this.#at + 1))) {
      this.#at += LONG_ACTIONS.has(this.#word(this.#at + 2)) ? 4 : 3;
      return true;
    }
    if (this.pass('MATCH')) {
      this.advance();
      return true;
    }
    if (!this.pass('NOT', 'DEFERRABLE') && !this.pass('DEFERRABLE')) return false;
    if (this.pass('INITIALLY')) this.advance();
    return true;
  }

  #passParentheses(): void {
    if (this.#text(this.#at) !== '(') return;

    for (let depth = 0; !this.ended;) {
      const text = this.#text(this.#at);
      this.advance();
      if (text === '(') depth += 1;
      if (text === ')') depth -= 1;
      if (depth === 0) return;
    }
  }

  #word(at: number): string {
    return this.#tokens[at]?.kind === 'word' ? this.#text(at).toUpperCase() : '';
  }

  #text(at: number): string {
    const token = this.#tokens[at];
    return token === undefined ? '' : this.#sql.slice(token.start, token.end);
  }
}
