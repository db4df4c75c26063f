import { unquote } from '../../../sql/cursor.js';
import { type Token, readToken } from '../../../sql/lexer.js';
import { transactionModes } from '../../../sql/transaction-statements.js';
import { type EndingTimeout, isEndingTimeout, mentionsTimeouts } from './ending-timeouts.js';
import { quoteLiteral, quoteName } from './quote.js';
import { type ConfigCall, readConfigCalls } from './set-config.js';

/** A statement that means something for the client's session, which it shares with all others. */
export type Special =
  /** `replay` sets it again when another client's settings were in force. */
  | {
      readonly kind: 'set';
      readonly name: string;
      readonly replay: string;
      readonly local: boolean;
      /** The role of SET SESSION AUTHORIZATION; undefined for DEFAULT. */
      readonly role?: string | undefined;
    }
  /** All settings if `name` is undefined. */
  | { readonly kind: 'reset'; readonly name: string | undefined }
  /** set_config() */
  | { readonly kind: 'config'; readonly calls: readonly ConfigCall[] }
  /** SHOW of what the server does not know. */
  | { readonly kind: 'show'; readonly name: Shown; readonly tag: 'SHOW' | undefined }
  /** May set, from within, what ends the connection of all. */
  | { readonly kind: 'timeouts'; readonly local: boolean }
  /** Takes or gives back a lock that outlives the transaction. */
  | { readonly kind: 'lock' }
  /** ALTER ROLE, ALTER DATABASE … SET: what new connections begin with. */
  | { readonly kind: 'logins' }
  /** SET TRANSACTION */
  | { readonly kind: 'modes'; readonly readOnly: boolean | undefined; readonly isolation: string | undefined }
  | { readonly kind: 'constraints'; readonly all: boolean }
  | { readonly kind: 'cursor'; readonly name: string; readonly hold: boolean }
  | { readonly kind: 'listen'; readonly channel: string }
  | { readonly kind: 'unlisten'; readonly channel: string | undefined }
  | { readonly kind: 'notify'; readonly channel: string; readonly payload: string }
  /** Has no meaning in a sandbox: answered, not run. */
  | { readonly kind: 'nothing'; readonly tag: string }
  | { readonly kind: 'temporary'; readonly name: string; readonly onCommit: 'drop' | 'delete' }
  | { readonly kind: 'copyIn' }
  /** Names a prepared statement in SQL; the name stands from `from` to `to`. */
  | {
      readonly kind: 'prepare' | 'execute' | 'deallocate';
      readonly name: string;
      readonly from: number;
      readonly to: number;
    }
  /** Postgres runs it only inside a transaction. */
  | { readonly kind: 'inside'; readonly what: string }
  /** Postgres runs it only outside. */
  | { readonly kind: 'outside'; readonly what: string }
  | { readonly kind: 'deallocateAll' }
  | { readonly kind: 'discard' }
  | { readonly kind: 'discardTemporary' };

/** What only the relay knows of a client. */
export type Shown = EndingTimeout | 'transaction_isolation';

/** The setting that holds what a SHOW is to find. */
const SHOWN = 'lockstep.shown';

/** The statement before each; `value` is an expression. */
export function showing(value: string): string {
  return `SELECT pg_catalog.set_config(${quoteLiteral(SHOWN)},${value},false)`;
}

/** `sql` is there if the server has to get other words. */
export interface Reading {
  readonly special: Special | undefined;
  readonly sql?: string;
}

const NOTHING: Reading = { special: undefined };
const VERBS =
  /^(?:\s|--[^\n]*\n|\/\*[^*]*\*\/)*(?:set|reset|declare|listen|unlisten|notify|vacuum|lock|create|drop|reindex|alter|copy|prepare|execute|deallocate|discard|with|select|show|do|call)\b/i;

/** What a statement without transaction control means for the session. */
export function readSpecial(sql: string): Reading {
  if (!VERBS.test(sql)) return NOTHING;
  const words = new Words(sql);

  switch (words.next()) {
    case 'SET':
      return { special: readSet(sql, words) };
    case 'RESET':
      return { special: readReset(words) };
    case 'DECLARE':
      return { special: { kind: 'cursor', name: words.name(), hold: /\bwith\s+hold\b/i.test(sql) } };
    case 'LISTEN':
      return { special: { kind: 'listen', channel: words.name() } };
    case 'UNLISTEN':
      return { special: { kind: 'unlisten', channel: words.text === '*' ? undefined : words.name() } };
    case 'NOTIFY':
      return { special: readNotify(words) };
    case 'VACUUM':
      return { special: { kind: 'nothing', tag: 'VACUUM' } };
    case 'CREATE':
      return /^\s*\S+\s+(?:global\s+|local\s+)?temp/i.test(sql)
        ? { special: readTemporary(sql) }
        : dropConcurrently(sql);
    case 'ALTER':
      return /^(?:role|user|database)$/i.test(words.text) && /\b(?:set|reset)\b/i.test(sql)
        ? { special: { kind: 'logins' } }
        : dropConcurrently(sql);
    case 'DROP':
    case 'REINDEX':
      return dropConcurrently(sql);
    case 'LOCK':
      return { special: { kind: 'inside', what: 'LOCK TABLE' } };
    case 'COPY':
      return { special: /\bfrom\s+stdin\b/i.test(sql) ? { kind: 'copyIn' } : undefined };
    case 'PREPARE':
      return { special: readPrepared('prepare', words) };
    case 'EXECUTE':
      return { special: readPrepared('execute', words) };
    case 'DEALLOCATE':
      if (words.word === 'PREPARE') words.next();
      return { special: words.word === 'ALL' ? { kind: 'deallocateAll' } : readPrepared('deallocate', words) };
    case 'DISCARD':
      return { special: readDiscard(words) };
    case 'SHOW':
      return readShow(words);
    case 'DO':
    case 'CALL':
      return { special: mentionsTimeouts(sql) ? { kind: 'timeouts', local: /\bset\s+local\b/i.test(sql) } : undefined };
    default:
      return readAsking(sql) ?? { special: readConfig(sql) ?? (LOCKS.test(sql) ? { kind: 'lock' } : undefined) };
  }
}

const LOCKS = /\bpg_(?:try_)?advisory_(?:un)?lock/i;

/** Its answer is that of a query, but for the command tag. */
function readShow(words: Words): Reading {
  const level = words.word === 'TRANSACTION';
  const name = words.dotted();
  if (level) for (const word of ['ISOLATION', 'LEVEL']) if (words.next() !== word) return NOTHING;
  const shown = level ? 'transaction_isolation' : name;
  if (words.text !== '' || !isShown(shown)) return NOTHING;
  return {
    special: { kind: 'show', name: shown, tag: 'SHOW' },
    sql: `SELECT pg_catalog.current_setting(${quoteLiteral(SHOWN)}) AS ${quoteName(shown)}`,
  };
}

const ASKS = /\bcurrent_setting\s*\(\s*'([a-z_]+)'/i;

/** A query for one of them finds it in the same place. */
function readAsking(sql: string): Reading | undefined {
  const [found = '', name = ''] = ASKS.exec(sql) ?? [];
  const shown = name.toLowerCase();
  if (!isShown(shown)) return undefined;
  return {
    special: { kind: 'show', name: shown, tag: undefined },
    sql: sql.replaceAll(found, found.replace(name, SHOWN)),
  };
}

function isShown(name: string): name is Shown {
  return name === 'transaction_isolation' || isEndingTimeout(name);
}

function readSet(sql: string, words: Words): Special | undefined {
  let local = false;
  if (words.word === 'LOCAL' || words.word === 'SESSION') {
    local = words.next() === 'LOCAL';
  }
  // SET LOCAL SESSION AUTHORIZATION
  if (words.word === 'SESSION') words.next();

  switch (words.word) {
    case 'AUTHORIZATION':
      return { kind: 'set', name: 'session_authorization', replay: sql, local, role: readRole(words) };
    case 'CHARACTERISTICS':
      return { kind: 'set', name: 'session characteristics', replay: sql, local };
    case 'TRANSACTION': {
      const { readOnly, isolation } = transactionModes(sql);
      return { kind: 'modes', readOnly, isolation };
    }
    case 'CONSTRAINTS':
      words.next();
      return { kind: 'constraints', all: words.text.toUpperCase() === 'ALL' };
    case 'TIME':
      return { kind: 'set', name: 'timezone', replay: sql, local };
    case 'NAMES':
      return { kind: 'set', name: 'client_encoding', replay: sql, local };
    case 'SCHEMA':
      return { kind: 'set', name: 'search_path', replay: sql, local };
    default:
      return { kind: 'set', name: words.dotted(), replay: sql, local };
  }
}

function readRole(words: Words): string | undefined {
  words.next();
  if (words.word === 'DEFAULT') return undefined;
  return /^e?'/i.test(words.text) ? words.string() : words.name();
}

function readReset(words: Words): Special {
  switch (words.word) {
    case 'ALL':
      return { kind: 'reset', name: undefined };
    case 'TIME':
      return { kind: 'reset', name: 'timezone' };
    case 'SESSION':
      return { kind: 'reset', name: 'session_authorization' };
    default:
      return { kind: 'reset', name: words.dotted() };
  }
}

function readNotify(words: Words): Special {
  const channel = words.name();
  if (words.text !== ',') return { kind: 'notify', channel, payload: '' };

  words.next();
  return { kind: 'notify', channel, payload: words.string() };
}

const TEMPORARY =
  /^\s*create\s+(?:global\s+|local\s+)?temp(?:orary)?\s+table\s+(?:if\s+not\s+exists\s+)?("(?:[^"]|"")+"|[\w$.]+)/i;

function readTemporary(sql: string): Special | undefined {
  const onCommit = /\bon\s+commit\s+(drop|delete\s+rows)\b/i.exec(sql)?.[1]?.toLowerCase();
  const name = TEMPORARY.exec(sql)?.[1];
  if (onCommit === undefined || name === undefined) return undefined;

  return { kind: 'temporary', name, onCommit: onCommit === 'drop' ? 'drop' : 'delete' };
}

/** Inside a transaction Postgres refuses CONCURRENTLY; without it the same index comes about. */
function dropConcurrently(sql: string): Reading {
  if (!/\bconcurrently\b/i.test(sql)) return NOTHING;

  for (const { kind, start, end } of tokens(sql)) {
    if (kind === 'word' && sql.slice(start, end).toUpperCase() === 'CONCURRENTLY')
      return {
        special: { kind: 'outside', what: nameOf(sql) },
        sql: sql.slice(0, start) + ' '.repeat(end - start) + sql.slice(end),
      };
  }
  return NOTHING;
}

/** As the server calls it. */
function nameOf(sql: string): string {
  const verb = /\b(?:create|drop|reindex|alter)\b/i.exec(sql)?.[0].toUpperCase() ?? '';
  if (verb === 'ALTER') return 'ALTER TABLE ... DETACH CONCURRENTLY';
  return verb === 'REINDEX' ? 'REINDEX CONCURRENTLY' : `${verb} INDEX CONCURRENTLY`;
}

function readDiscard(words: Words): Special | undefined {
  switch (words.word) {
    case 'ALL':
      return { kind: 'discard' };
    case 'TEMP':
    case 'TEMPORARY':
      return { kind: 'discardTemporary' };
    default:
      return undefined;
  }
}

function readPrepared(kind: 'prepare' | 'execute' | 'deallocate', words: Words): Special | undefined {
  const { from, to } = words;
  const name = words.name();
  return name === '' ? undefined : { kind, name, from, to };
}

function readConfig(sql: string): Special | undefined {
  const calls = readConfigCalls(sql);
  return calls.length === 0 ? undefined : { kind: 'config', calls };
}

function* tokens(sql: string): Generator<Token> {
  for (let token = readToken(sql, 0, 'postgres'); token !== undefined; token = readToken(sql, token.end, 'postgres')) {
    if (token.kind !== 'space' && token.kind !== 'comment') yield token;
  }
}

/** Reads a statement word by word, with positions. */
class Words {
  readonly #sql: string;
  readonly #tokens: Generator<Token>;
  #token: Token | undefined;

  constructor(sql: string) {
    this.#sql = sql;
    this.#tokens = tokens(sql);
    this.#advance();
  }

  get from(): number {
    return this.#token?.start ?? this.#sql.length;
  }

  get to(): number {
    return this.#token?.end ?? this.#sql.length;
  }

  get text(): string {
    return this.#sql.slice(this.from, this.to);
  }

  /** The current word in upper case. */
  get word(): string {
    return this.#token?.kind === 'word' ? this.text.toUpperCase() : '';
  }

  /** Goes on; returns the word that it leaves. */
  next(): string {
    const { word } = this;
    this.#advance();
    return word;
  }

  /** A name, folded as Postgres does it. */
  name(): string {
    const quoted = this.#token?.kind === 'identifier';
    const name = quoted ? unquote(this.text) : this.text.toLowerCase();
    this.#advance();
    return name;
  }

  dotted(): string {
    let name = this.name();
    while (this.text === '.') {
      this.#advance();
      name += `.${this.name()}`;
    }
    return name.toLowerCase();
  }

  string(): string {
    const { text } = this;
    if (text.startsWith("'")) return unquote(text);
    if (/^e'/i.test(text)) return unquote(text.slice(1)).replace(/\\(.)/g, '$1');
    return text.replace(/^\$\w*\$|\$\w*\$$/g, '');
  }

  #advance(): void {
    const next = this.#tokens.next();
    this.#token = next.done === true ? undefined : next.value;
  }
}
