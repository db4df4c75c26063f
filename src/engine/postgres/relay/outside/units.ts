import { timeOrigin } from '../../../../real-time.js';
import type { LoggedStatement, StatementFailure } from '../../../../sandbox/statement-log.js';
import { Back, readFields, readTag } from '../../wire/backend.js';
import * as front from '../../wire/frontend.js';
import type { Frame } from '../../wire/frontend-reader.js';
import { countOf } from '../client/statement-recorder.js';
import { readScript } from '../statement.js';

/** A statement that a client has prepared by a name. */
export interface NamedStatement {
  readonly sql: string;
  /** The bytes of its parameters' types. */
  readonly rest: Buffer;
}

/** A message that the server has still to answer. */
type Awaited =
  /** One of the relay's own, whose answer nobody else gets. */
  | { readonly kind: 'own'; error: Buffer | undefined; readonly done: (error: Buffer | undefined) => void }
  | { readonly kind: 'query'; readonly statements: readonly string[]; at: number; began: number }
  | { readonly kind: 'call' | 'sync' }
  | { readonly kind: 'parse'; readonly name: string; readonly statement: NamedStatement }
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'execute'; readonly sql: string; readonly limit: number; readonly began: number };

/** What is told of a statement that was answered. */
export type Logged = Omit<LoggedStatement, 'connection'>;

const ENDS_UNIT: ReadonlySet<Awaited['kind']> = new Set<Awaited['kind']>(['own', 'query', 'call', 'sync']);

/**
 * What is on its way between one client and its own backend: which messages wait for an answer, and what the
 * answers mean for the client's prepared statements, its transaction and the log. The bytes pass by unchanged.
 */
export class Units {
  /** Statements that the client has named here, and not closed. */
  readonly named: Map<string, NamedStatement> = new Map();
  /** The names of those that it has closed here. */
  readonly closed: Set<string> = new Set();
  /** Whether all that were named before are gone: DISCARD ALL, DEALLOCATE ALL. */
  cleared = false;
  lastSql: string | undefined;
  /** Whether extended messages were sent since the last Sync. */
  unsynced = false;
  /** How many transactions there were. */
  transactions = 0;
  readonly #now: () => number;
  readonly #log: (statement: Logged) => void;
  #awaited: Awaited[] = [];
  /** Whether a batch has failed whose Sync has not been sent: the server skips what comes. */
  #skipping = false;
  readonly #portals = new Map<string, string>();
  readonly #texts = new Map<string, string>();
  #inTransaction = false;

  /** @param now milliseconds of a clock */
  constructor(now: () => number, log: (statement: Logged) => void) {
    this.#now = now;
    this.#log = log;
  }

  /** Whether the client waits for an answer, or is amid a batch. */
  get open(): boolean {
    return this.unsynced || this.awaiting;
  }

  /** Whether the server has to answer something that the client has sent. */
  get awaiting(): boolean {
    return this.#awaited.some(({ kind }) => kind !== 'own');
  }

  /** Whether the answer that comes is one of the relay's own. */
  get isOwn(): boolean {
    return this.#awaited[0]?.kind === 'own';
  }

  /** Whether nothing at all is to be answered. */
  get idle(): boolean {
    return this.#awaited.length === 0 && !this.unsynced;
  }

  /** A query of the relay's own is sent. */
  own(done: (error: Buffer | undefined) => void): void {
    this.#awaited.push({ kind: 'own', error: undefined, done });
  }

  /** The client has prepared it elsewhere; the server is told so by a message of the relay's own. */
  knows(name: string, sql: string): void {
    this.#texts.set(name, sql);
  }

  /** A message of the client is sent. */
  sent(frame: Frame): void {
    switch (frame.type) {
      case front.Front.query: {
        const sql = front.readQuery(frame);
        this.lastSql = sql;
        const statements = readScript(sql).statements.map(({ start, end }) => sql.slice(start, end));
        this.#await({ kind: 'query', statements, at: 0, began: this.#now() });
        return;
      }
      case front.Front.functionCall:
        return this.#await({ kind: 'call' });
      case front.Front.sync:
        this.unsynced = this.#skipping = false;
        return this.#await({ kind: 'sync' });
      case front.Front.parse: {
        const { name, sql, rest } = front.readParse(frame);
        this.lastSql = sql;
        this.#texts.set(name, sql);
        return this.#extended({ kind: 'parse', name, statement: { sql, rest: Buffer.from(rest) } });
      }
      case front.Front.bind: {
        const { portal, statement } = front.readBind(frame);
        const sql = this.#texts.get(statement) ?? '';
        this.lastSql = sql;
        this.#portals.set(portal, sql);
        return this.#extended();
      }
      case front.Front.execute: {
        const { portal, limit } = front.readExecute(frame);
        return this.#extended({ kind: 'execute', sql: this.#portals.get(portal) ?? '', limit, began: this.#now() });
      }
      case front.Front.close: {
        const { kind, name } = front.readTarget(frame);
        return this.#extended(kind === 'statement' ? { kind: 'close', name } : undefined);
      }
      case front.Front.describe:
        return this.#extended();
    }
  }

  #extended(awaited?: Awaited): void {
    this.unsynced = true;
    if (awaited !== undefined && !this.#skipping) this.#await(awaited);
  }

  #await(awaited: Awaited): void {
    this.#awaited.push(awaited);
  }

  /** The server has sent a message; what follows of it is noted before the client gets it. */
  received(type: number, bytes: Buffer): void {
    const head = this.#awaited[0];

    switch (type) {
      case Back.parseComplete:
        if (head?.kind !== 'parse') return;
        if (head.name !== '') this.named.set(head.name, head.statement);
        this.#awaited.shift();
        return;
      case Back.closeComplete:
        if (head?.kind !== 'close') return;
        this.named.delete(head.name);
        this.closed.add(head.name);
        this.#awaited.shift();
        return;
      case Back.commandComplete:
        return this.#complete(head, readTag(bytes));
      case Back.portalSuspended:
      case Back.emptyQuery:
        if (head?.kind !== 'execute') return;
        if (type === Back.portalSuspended) this.#tell(head.sql, head.began, head.limit);
        this.#awaited.shift();
        return;
      case Back.copyIn:
        // A server that takes data ignores a Sync which came before them; the client sends another.
        if (head?.kind === 'execute' && this.#awaited[1]?.kind === 'sync') this.#awaited.splice(1, 1);
        return;
      case Back.error:
        return this.#fail(head, bytes);
      case Back.ready:
        return this.#ready(bytes[5]);
    }
  }

  #complete(head: Awaited | undefined, tag: string): void {
    if (head?.kind !== 'execute' && head?.kind !== 'query') return;
    if (tag === 'BEGIN' || tag === 'START TRANSACTION') this.#begun();
    const sql = head.kind === 'execute' ? head.sql : (head.statements[head.at] ?? this.lastSql ?? '');
    this.#tell(sql, head.began, countOf(tag));
    if (tag === 'COMMIT' || tag === 'ROLLBACK') this.#inTransaction = false;
    if (tag === 'DISCARD ALL' || tag === 'DEALLOCATE ALL') {
      this.cleared = true;
      this.named.clear();
    }
    if (head.kind === 'execute') this.#awaited.shift();
    else {
      head.at += 1;
      head.began = this.#now();
    }
  }

  #fail(head: Awaited | undefined, bytes: Buffer): void {
    if (head?.kind === 'own') {
      head.error = Buffer.from(bytes);
      return;
    }
    const sql = head?.kind === 'execute' ? head.sql : head?.kind === 'parse' ? head.statement.sql : undefined;
    const began = head?.kind === 'execute' || head?.kind === 'query' ? head.began : this.#now();
    const ofQuery = head?.kind === 'query' ? head.statements[head.at] : undefined;
    this.#tell(ofQuery ?? sql ?? this.lastSql ?? '', began, 0, failureOf(bytes));
    if (head === undefined || head.kind === 'query' || head.kind === 'call') return;

    // The server skips everything up to the next Sync.
    const sync = this.#awaited.findIndex(({ kind }) => kind === 'sync');
    this.#skipping = sync < 0;
    this.#awaited.splice(0, sync < 0 ? this.#awaited.length : sync);
  }

  #ready(status: number | undefined): void {
    const end = this.#awaited.findIndex(({ kind }) => ENDS_UNIT.has(kind));
    const [head] = this.#awaited.splice(0, end + 1).slice(-1);
    if (status === IDLE) this.#inTransaction = false;
    else if (!this.#inTransaction) this.#begun();
    this.#portals.clear();
    if (head?.kind === 'own') head.done(head.error);
  }

  #begun(): void {
    if (this.#inTransaction) return;
    this.#inTransaction = true;
    this.transactions += 1;
  }

  #tell(sql: string, began: number, rows: number, error?: StatementFailure): void {
    const ended = this.#now();
    const transaction = this.#inTransaction ? this.transactions : undefined;
    this.#log({ sql, at: timeOrigin + ended, duration: ended - began, rows, transaction, error });
  }
}

const IDLE = 'I'.charCodeAt(0);

function failureOf(error: Buffer): StatementFailure {
  const { C, M = '' } = readFields(error);
  return { code: C, message: M };
}
