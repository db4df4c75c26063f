import type { Dialect } from './dialect.js';
import { type Token, tokenize } from './lexer.js';

/**
 * The statements of a text, without their semicolons and the space around them. Pieces without any
 * statement (space, comments) are dropped; comments in and before a statement stay with it.
 */
export function split(sql: string, dialect: Dialect): string[] {
  return splitSingle(sql) ?? splitTokens(sql, dialect);
}

/**
 * Most texts are one statement, and this path is taken before each of them: without reading
 * tokens, it knows those that have no semicolon but at the end. Undefined where it does not know.
 */
function splitSingle(sql: string): string[] | undefined {
  const semicolon = sql.indexOf(';');
  if (semicolon >= 0 && sql.slice(semicolon + 1).trim() !== '') return undefined;

  const statement = (semicolon < 0 ? sql : sql.slice(0, semicolon)).trim();
  if (statement === '') return [];
  // A comment may be all there is.
  return /^[\w("]/.test(statement) ? [statement] : undefined;
}

function splitTokens(sql: string, dialect: Dialect): string[] {
  const statements: string[] = [];
  let start = 0;
  let body = new Body(dialect);
  let empty = true;

  const finish = (end: number): void => {
    const statement = empty ? '' : sql.slice(start, end).trim();
    if (statement !== '') statements.push(statement);
  };

  for (const token of tokenize(sql, dialect)) {
    if (token.kind === 'space' || token.kind === 'comment') continue;

    if (token.kind === 'semicolon' && !body.holds) {
      finish(token.start);
      start = token.end;
      body = new Body(dialect);
      empty = true;
    } else {
      body.read(sql, token);
      empty = false;
    }
  }

  finish(sql.length);
  return statements;
}

/** Knows whether a semicolon belongs to the statement: a trigger's or routine's body has its own. */
export class Body {
  readonly #dialect: Dialect;
  #head: string[] = [];
  #hasBody: boolean | undefined;
  #depth = 0;
  #parentheses = 0;
  #previous = '';

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Whether a semicolon at this place would not end the statement. */
  get holds(): boolean {
    // CREATE RULE … DO (…; …)
    if (this.#dialect === 'postgres' && this.#parentheses > 0) return true;
    return this.#depth > 0;
  }

  read(sql: string, token: Token): void {
    const text = token.kind === 'word' ? sql.slice(token.start, token.end).toUpperCase() : '';

    if (token.kind === 'symbol') this.#readSymbol(sql[token.start]);
    if (this.#hasBody === undefined) this.#readHead(text);
    else if (this.#hasBody) this.#readBody(text, token.kind === 'semicolon');
    this.#previous = token.kind === 'semicolon' ? ';' : text;
  }

  #readSymbol(sign: string | undefined): void {
    if (sign === '(') this.#parentheses += 1;
    if (sign === ')' && this.#parentheses > 0) this.#parentheses -= 1;
  }

  /** The first words say whether there will be a body. */
  #readHead(word: string): void {
    this.#head.push(word);
    const head = this.#head.join(' ');

    if (HEADS[this.#dialect].complete.test(head)) this.#hasBody = true;
    else if (this.#head.length > 12 || !HEADS[this.#dialect].begun.test(head)) this.#hasBody = false;
  }

  #readBody(word: string, semicolon: boolean): void {
    if (this.#dialect === 'sqlite') this.#readTriggerBody(word, semicolon);
    else this.#readRoutineBody(word);
  }

  /**
   * SQLite allows `begin`, `case` and `end` as names, so pairs cannot be counted. But no statement
   * of a body begins with END: the first one that follows a semicolon closes it.
   */
  #readTriggerBody(word: string, semicolon: boolean): void {
    if (semicolon) return;
    if (this.#depth === 0 && word === 'BEGIN') this.#depth = 1;
    else if (this.#depth === 1 && word === 'END' && this.#previous === ';') {
      this.#depth = 0;
      this.#hasBody = false;
    }
  }

  #readRoutineBody(word: string): void {
    switch (word) {
      case 'ATOMIC':
        if (this.#dialect === 'postgres' && this.#previous === 'BEGIN') this.#depth += 1;
        break;
      case 'BEGIN':
        if (this.#dialect === 'mysql') this.#depth += 1;
        break;
      case 'CASE':
        // Before the body a CASE is an expression of its own; END CASE closes one.
        if (this.#depth > 0 && this.#previous !== 'END') this.#depth += 1;
        break;
      case 'END':
        if (this.#depth > 0) this.#depth -= 1;
        break;
      case 'IF':
      case 'LOOP':
      case 'WHILE':
      case 'REPEAT':
        // MySQL's END IF closes what was not counted when it opened.
        if (this.#dialect === 'mysql' && this.#previous === 'END') this.#depth += 1;
        break;
    }
  }
}

/** `begun`: more words are needed to tell; `complete`: this statement has a body. */
const HEADS: Readonly<Record<Dialect, { readonly begun: RegExp; readonly complete: RegExp }>> = {
  sqlite: {
    begun: /^(?:EXPLAIN(?: QUERY(?: PLAN)?)?(?: |$))?(?:CREATE(?: TEMP| TEMPORARY)?)?$/,
    complete: /^(?:EXPLAIN (?:QUERY PLAN )?)?CREATE (?:TEMP |TEMPORARY )?TRIGGER$/,
  },
  postgres: {
    begun: /^CREATE(?: OR(?: REPLACE)?)?$/,
    complete: /^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE)$/,
  },
  mysql: {
    // DEFINER = `user`@`host` stands between.
    begun: /^CREATE(?: OR(?: REPLACE)?)?(?: DEFINER.*)?(?: AGGREGATE)?$/,
    complete: /^CREATE (?:OR REPLACE )?(?:DEFINER .*)?(?:AGGREGATE )?(?:TRIGGER|PROCEDURE|FUNCTION|EVENT)$/,
  },
};
