/** How many statements are kept. */
const KEPT = 1000;
/** Characters kept of a statement's text. */
const LONGEST = 4000;

/** What the database, or Lockstep, said of a statement that failed. */
export interface StatementFailure {
  /** SQLSTATE, `SQLITE_CONSTRAINT_UNIQUE`, `LOCKSTEP_STALL`; undefined where there is none. */
  readonly code: string | undefined;
  readonly message: string;
  /** What the sandbox has to do with it, where it has. */
  readonly hint?: string;
}

/** One statement that a client of the sandbox has sent. */
export interface LoggedStatement {
  /** Name of the virtual connection, e.g. `session` or `sqlite3 connection 2`. */
  readonly connection: string;
  readonly sql: string;
  /** When it was answered, in milliseconds since the epoch. */
  readonly at: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Rows returned, or changed where none are returned. */
  readonly rows: number;
  /** Which of its connection's transactions it belongs to, that which it begins or ends included. */
  readonly transaction: number | undefined;
  readonly error: StatementFailure | undefined;
}

/**
 * The last statements of all clients, in the order in which they were answered. Each has a number,
 * counted from 0, so that whoever notes `count` can later ask for what came since.
 */
export class StatementLog<Statement extends LoggedStatement = LoggedStatement> {
  readonly #kept: Statement[] = [];
  #count = 0;

  /** How many there were, kept or not. */
  get count(): number {
    return this.#count;
  }

  /** Returns what is kept of it. */
  add(statement: Statement): Statement {
    const kept = statement.sql.length > LONGEST ? shortened(statement) : statement;
    this.#kept[this.#count % KEPT] = kept;
    this.#count += 1;
    return kept;
  }

  /** Those from number `from` on, oldest first, as far as they are kept; `first` is the first one's number. */
  since(from: number): { readonly first: number; readonly events: readonly Statement[] } {
    const first = Math.min(Math.max(from, this.#count - KEPT, 0), this.#count);
    const [start, many] = [first % KEPT, this.#count - first];
    const tail = this.#kept.slice(start, start + many);

    return { first, events: [...tail, ...this.#kept.slice(0, many - tail.length)] };
  }
}

/** What a log keeps of an error: the object itself would keep what it refers to. */
export function failureOf(error: unknown): StatementFailure {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };

  const { code, hint } = error as { code?: unknown; hint?: unknown };
  const failure = { code: typeof code === 'string' ? code : undefined, message: error.message };
  return typeof hint === 'string' ? { ...failure, hint } : failure;
}

function shortened<Statement extends LoggedStatement>(statement: Statement): Statement {
  const { sql } = statement;
  // A slice would keep the whole text alive.
  const start = structuredClone(sql.slice(0, LONGEST));

  return { ...statement, sql: `${start}… (${sql.length} characters)` };
}
