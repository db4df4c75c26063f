import { EngineMissingError } from '../../errors.js';
import { requireReal } from '../swap/real.js';
import { openOwn } from './real-openings.js';

/** What is used of better-sqlite3's statements. */
export interface NativeStatement {
  /** Whether it returns rows. */
  readonly reader: boolean;
  /** Whether it leaves the database alone. */
  readonly readonly: boolean;
  run(...values: readonly unknown[]): NativeRunResult;
  get(...values: readonly unknown[]): unknown;
  all(...values: readonly unknown[]): unknown[];
  iterate(...values: readonly unknown[]): IterableIterator<unknown> & { return(): unknown };
  bind(...values: readonly unknown[]): this;
  columns(): unknown[];
  pluck(on?: boolean): this;
  expand(on?: boolean): this;
  raw(on?: boolean): this;
  safeIntegers(on?: boolean): this;
}

/** What better-sqlite3's `run` returns. */
export interface NativeRunResult {
  readonly changes: number;
  readonly lastInsertRowid: number | bigint;
}

/** What is used of better-sqlite3's databases. */
export interface NativeDatabase {
  readonly inTransaction: boolean;
  prepare(sql: string): NativeStatement;
  exec(sql: string): unknown;
  pragma(source: string, options?: { readonly simple?: boolean }): unknown;
  function(name: string, ...rest: readonly unknown[]): unknown;
  aggregate(name: string, options: unknown): unknown;
  table(name: string, definition: unknown): unknown;
  loadExtension(...parameters: readonly unknown[]): unknown;
  serialize(options?: unknown): Buffer;
  /** Whether the schema and the tables behind virtual tables may be written. */
  unsafeMode(on: boolean): unknown;
  close(): unknown;
}

/** The export of better-sqlite3. */
export interface NativeModule {
  new (file?: string | Buffer, options?: unknown): NativeDatabase;
  readonly SqliteError: new (message: string, code: string) => Error & { code: string };
}

/**
 * The real better-sqlite3: the project's own, or else the one beside Lockstep.
 *
 * @throws EngineMissingError when neither has it, or when its binary does not fit this Node.
 */
export function loadNative(root: string): NativeModule {
  try {
    return requireReal('better-sqlite3', root) as NativeModule;
  } catch (cause) {
    const missing = isMissing(cause);

    throw new EngineMissingError({
      what: missing ? 'better-sqlite3 is not installed.' : `better-sqlite3 cannot be loaded: ${String(cause)}`,
      why: `The SQLite engine runs on it; it was looked for from "${root}" and from Lockstep's own folder.`,
      remedy: missing ? 'Run: npm install --save-dev better-sqlite3' : 'Run: npm rebuild better-sqlite3',
      cause,
    });
  }
}

/** A database of the real better-sqlite3, opened and tried: its binary is loaded only then. */
export function openNative(root: string, source: string | Buffer, options?: unknown): NativeDatabase {
  const Native = loadNative(root);

  try {
    return openOwn(() => new Native(source, options));
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    const foreign = 'code' in cause && cause.code === 'ERR_DLOPEN_FAILED';
    // The words of the package "bindings", which better-sqlite3 finds its binary with.
    const absent = cause.message.startsWith('Could not locate the bindings file');
    if (!foreign && !absent) throw cause;

    throw new EngineMissingError({
      what: `better-sqlite3 cannot be loaded: ${cause.message.split('\n')[0] ?? ''}`,
      why: foreign
        ? `Its binary was built for another version of Node than ${process.version}.`
        : 'It was installed without its binary: npm did not run its install script.',
      remedy:
        'Run: npm rebuild better-sqlite3 (npm may want its script allowed first: npm install-scripts approve better-sqlite3)',
      cause,
    });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND';
}
