import { isSession } from '../sandbox/connection-names.js';
import { classify } from '../sql/classify.js';
import type { Dialect } from '../sql/dialect.js';
import { shapeOf } from '../sql/shape.js';
import type { ScopeName, StatementEvent, StatementReader } from '../engine/index.js';
import type { StatementRecord } from './record.js';

/** Statements, and requests, that are kept of one scope. */
const KEPT = 1000;

/** A sandbox whose statements are logged. */
export interface Source {
  /** Of its SQL. */
  readonly dialect: Dialect;
  readonly log: StatementReader;
}

/** A moment between two statements: how many each source had logged. */
export type Mark = readonly number[];

/** The time of one client call. */
export interface Span {
  /** `GET /providers`. */
  readonly label: string;
  readonly from: Mark;
  to: Mark | undefined;
}

/** A record, and what only the log has to know of it. */
export interface Entry {
  readonly record: StatementRecord;
  /** Of its SQL. */
  readonly dialect: Dialect;
  /** Literals, placeholders and lists are of no account in it. */
  readonly shape: string;
  /** Whether it begins, ends or marks a transaction. */
  readonly control: boolean;
  /** The calls in whose time it was answered. */
  readonly spans: readonly Span[];
  /** The only one of these. */
  readonly span: Span | undefined;
  /** Place of its source, and its number there. */
  readonly source: number;
  readonly number: number;
}

/**
 * The statements of one test, or of one hook of a `describe`. Nothing is read from the sandboxes
 * before somebody asks.
 */
export class ScopeQueries {
  /** How many are not kept any more. */
  omitted = 0;
  /** Whether there was a client call. */
  requested = false;
  readonly #scope: ScopeName;
  readonly #sources: readonly Source[];
  #next: Mark;
  readonly #entries: Entry[] = [];
  #transactions: Map<string, number> | undefined;
  #spans: Span[] = [];
  #end: Mark | undefined;

  /** @param from where it begins */
  constructor(scope: ScopeName, sources: readonly Source[], from: Mark) {
    this.#scope = scope;
    this.#sources = sources;
    this.#next = from;
  }

  get title(): string {
    return this.#scope.title;
  }

  get kind(): ScopeName['kind'] {
    return this.#scope.kind;
  }

  /** What comes behind the mark is another scope's. */
  close(end: Mark): void {
    this.#end = end;
  }

  /** A client call begins. */
  begin(label: string): Span {
    const span: Span = { label, from: markOf(this.#sources), to: undefined };
    if (this.#spans.length >= KEPT) this.#spans = this.#spans.slice(KEPT / 2);

    this.#spans.push(span);
    this.requested = true;
    return span;
  }

  /** Its answer is there. */
  finish(span: Span): void {
    if (span.to !== undefined) return;

    span.to = markOf(this.#sources);
    // Most calls of a long loop may have nothing to do with the database.
    if (span.from.every((from, index) => from === span.to?.[index])) {
      const place = this.#spans.lastIndexOf(span);
      if (place >= 0) this.#spans.splice(place, 1);
    }
  }

  /** All that were answered so far, oldest first. */
  read(): readonly Entry[] {
    const fresh = this.#sources.flatMap((source, index) => this.#readSource(source, index));
    if (fresh.length === 0) return this.#entries;

    if (this.#sources.length > 1) fresh.sort((a, b) => a.event.at - b.event.at);
    for (const { event, source, number } of fresh) this.#entries.push(this.#entry(event, source, number));
    const over = this.#entries.length - KEPT;
    if (over > 0) {
      this.#entries.splice(0, over);
      this.omitted += over;
    }
    return this.#entries;
  }

  #readSource({ log }: Source, source: number): { event: StatementEvent; source: number; number: number }[] {
    const from = this.#next[source] ?? 0;
    const end = this.#end?.[source] ?? Infinity;
    if (from >= Math.min(log.count, end)) return [];

    const { first, events } = log.since(from);
    const ours = events.slice(0, Math.max(0, end - first));
    this.omitted += Math.min(first, end) - from;
    this.#next = this.#next.with(source, Math.min(first + events.length, end));
    return ours.map((event, index) => ({ event, source, number: first + index }));
  }

  #entry(event: StatementEvent, source: number, number: number): Entry {
    const { sql, connection, database, duration, rows, error } = event;
    const dialect = this.#sources[source]?.dialect ?? 'sqlite';
    const spans = this.#spans.filter((open) => covers(open, source, number));
    const span = spans.length === 1 ? spans[0] : undefined;
    const record = Object.freeze<StatementRecord>({
      sql,
      by: isSession(connection) ? 'session' : 'app',
      database,
      connection,
      duration,
      rows,
      transaction: this.#transactionOf(event),
      test: this.#scope.title,
      request: span?.label,
      error,
    });

    return {
      record,
      dialect,
      shape: shapeOf(sql, dialect),
      control: isControl(sql, dialect),
      spans,
      span,
      source,
      number,
    };
  }

  #transactionOf({ database, connection, transaction }: StatementEvent): number | undefined {
    if (transaction === undefined) return undefined;

    const key = `${database}/${connection}/${transaction}`;
    const transactions = (this.#transactions ??= new Map<string, number>());
    const known = transactions.get(key) ?? transactions.size + 1;
    transactions.set(key, known);
    return known;
  }
}

/** How many statements each source has logged by now. */
export function markOf(sources: readonly Source[]): Mark {
  return sources.map(({ log }) => log.count);
}

/** Whether the statement was answered behind the mark. */
export function isSince(mark: Mark, { source, number }: Pick<Entry, 'source' | 'number'>): boolean {
  return number >= (mark[source] ?? 0);
}

/** Whether the statement was answered in the time of the call. */
export function covers({ from, to }: Span, source: number, number: number): boolean {
  return number >= (from[source] ?? 0) && number < (to?.[source] ?? Infinity);
}

const CONTROL: ReadonlySet<string> = new Set(['begin', 'commit', 'rollback', 'savepoint', 'release', 'rollbackTo']);

function isControl(sql: string, dialect: Dialect): boolean {
  return CONTROL.has(classify(sql, dialect).kind);
}
