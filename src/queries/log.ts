import type { ScopeName, StatementEvent } from '../engine/index.js';
import type { Dialect } from '../sql/dialect.js';
import { repeatsIn, type Repeat } from './repeats.js';
import { listed, type Queries } from './record.js';
import {
  covers,
  type Entry,
  isSince,
  type Mark,
  markOf,
  ScopeQueries,
  type Source,
  type Span,
} from './scope-queries.js';

/** What the config says of the log. */
export interface QueryRules {
  /** Whether the statements of a failed test are shown. */
  readonly report: boolean | 'full';
  /** How often one client call may send the same statement before it counts as N+1. */
  readonly repeats: number;
  readonly nPlusOne: 'hint' | 'error' | 'off';
}

/** One client call, as far as the log is concerned. */
export interface RequestQueries {
  /** The answer is there. */
  end(): void;
  /** What the app sent in its time, oldest first. */
  read(): Queries;
}

/** Statements that were sent during a piece of work. */
export interface Sent {
  readonly entries: readonly Entry[];
  /** How many more there were, which are not kept. */
  readonly omitted: number;
}

/** What a test has sent whose work was rolled back. */
export interface Earlier {
  readonly title: string;
  readonly statements: readonly (StatementEvent & { readonly dialect: Dialect })[];
}

/** Tests that are remembered: how far back a report looks. */
const REMEMBERED = 200;

/** The statements of the running test, of all databases. */
export class QueryLog {
  readonly rules: QueryRules;
  #sources: readonly Source[] = [];
  /** The last tests that were rolled back at their end, and where each began and ended. */
  #tests: { readonly scope: ScopeName; readonly from: Mark; to: Mark | undefined }[] = [];
  #scope: ScopeQueries = new ScopeQueries({ kind: 'layer', title: '' }, [], []);

  constructor(rules: QueryRules) {
    this.rules = rules;
  }

  /** Whether there is a database at all. */
  get hasDatabase(): boolean {
    return this.#sources.length > 0;
  }

  /** The sandboxes are open. */
  watch(sources: readonly Source[]): void {
    this.#sources = sources;
  }

  /**
   * A test begins, or the hooks of a `describe`. Its title is read when it is needed.
   *
   * @param alone whether it is rolled back at its end, not with others
   */
  begin(scope: ScopeName, alone = true): void {
    const mark = this.mark();

    const last = this.#tests.at(-1);
    if (last !== undefined) last.to ??= mark;
    if (scope.kind === 'test' && alone) this.#tests.push({ scope, from: mark, to: undefined });
    if (this.#tests.length >= 2 * REMEMBERED) this.#tests = this.#tests.slice(-REMEMBERED);
    this.#scope.close(mark);
    this.#scope = new ScopeQueries(scope, this.#sources, mark);
  }

  /** Whether there was a client call in the current test or hook. */
  get requested(): boolean {
    return this.#scope.requested;
  }

  /** A client call begins. */
  request(label: string): RequestQueries {
    const scope = this.#scope;
    const span = scope.begin(label);

    return { end: () => scope.finish(span), read: () => appsDuring(scope, span) };
  }

  /** Those of the current test, of one database or of all. */
  read(database?: string): Queries {
    const records = this.#scope.read().map(({ record }) => record);

    return listed(
      database === undefined ? records : records.filter((record) => record.database === database),
      this.#scope.omitted,
    );
  }

  mark(): Mark {
    return markOf(this.#sources);
  }

  /** Those since the mark, which was made in the same test. */
  since(mark: Mark): Sent {
    const total = markOf(this.#sources).reduce((sum, count, index) => sum + count - (mark[index] ?? 0), 0);
    const entries = this.#scope.read().filter((entry) => isSince(mark, entry));

    return { entries, omitted: Math.max(0, total - entries.length) };
  }

  /** All of the current test. */
  all(): Sent & { readonly kind: ScopeName['kind'] } {
    return { entries: this.#scope.read(), omitted: this.#scope.omitted, kind: this.#scope.kind };
  }

  /** Tests that were rolled back, the last one first, as far as their statements are kept. */
  *earlier(): Generator<Earlier> {
    for (const { scope, from, to } of this.#tests.toReversed()) {
      // An earlier attempt of the same test is nothing that it builds on.
      if (to === undefined || scope.title === this.#scope.title) continue;
      const statements = this.#sources.flatMap(({ log, dialect }, index) => {
        const { first, events } = log.since(from[index] ?? 0);
        return events.slice(0, Math.max(0, (to[index] ?? 0) - first)).map((event) => ({ ...event, dialect }));
      });
      yield { title: scope.title, statements };
    }
  }

  /** What among these looks like N+1. */
  repeats(entries: readonly Entry[]): readonly Repeat[] {
    return this.rules.nPlusOne === 'off' ? [] : repeatsIn(entries, this.rules.repeats);
  }
}

function appsDuring(scope: ScopeQueries, span: Span): Queries {
  const found = scope
    .read()
    .filter(({ record, source, number }) => record.by === 'app' && covers(span, source, number));

  return listed(
    found.map(({ record }) => record),
    scope.omitted,
  );
}
