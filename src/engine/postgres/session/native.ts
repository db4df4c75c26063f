import { EngineMissingError } from '../../../errors.js';
import { requireReal } from '../../swap/real.js';
import { setImmediate } from '../../../real-time.js';

/** What is used of libpq, by the methods of the package of that name. */
export interface Libpq {
  exec(sql: string): void;
  execParams(sql: string, values: readonly (string | null)[]): void;
  prepare(name: string, sql: string, parameters: number): void;
  describePrepared(name: string): void;
  execPrepared(name: string, values: readonly (string | null)[]): void;
  getResult(): boolean;
  clear(): void;
  resultStatus(): string;
  resultErrorFields(): Readonly<Record<string, string | undefined>> | null;
  resultErrorMessage(): string;
  errorMessage(): string;
  /** 0 idle, 1 active, 2 in a transaction, 3 in a failed one, 4 no connection. */
  transactionStatus(): number;
  cmdStatus(): string;
  ntuples(): number;
  nfields(): number;
  fname(column: number): string;
  ftype(column: number): number;
  getvalue(row: number, column: number): string;
  getisnull(row: number, column: number): boolean;
  paramtype(parameter: number): number;
  putCopyEnd(error: string): number;
  getCopyData(async: boolean): Buffer | number;
  finish(): void;
}

/** What is used of pg-native's client. */
export interface NativeClient {
  readonly pq: Libpq;
  connectSync(connectionString: string): void;
}

/** The export of pg-native. */
export type NativeModule = new () => NativeClient;

const finished = new Set<Libpq>();

/**
 * Ends the connection. The addon's handle is part of its object, and libuv lets go of it at the end
 * of the loop's turn only (Connection::Finish in libpq's connection.cc, uv__finish_close in libuv):
 * an object that is collected before that takes the process with it.
 */
export function finish(pq: Libpq): void {
  pq.finish();
  finished.add(pq);
  setImmediate(() => setImmediate(() => finished.delete(pq)));
}

/**
 * The project's pg-native, or else the one beside Lockstep.
 *
 * @throws EngineMissingError when neither has it, and when its addon cannot be loaded here: it may
 * be built for another Node or libpq, or be in use by another thread of this process.
 */
export function loadNative(root: string): NativeModule {
  try {
    return requireReal('pg-native', root) as NativeModule;
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'MODULE_NOT_FOUND';

    throw new EngineMissingError({
      what: missing ? 'pg-native is not installed.' : `pg-native cannot be loaded: ${firstLine(cause)}`,
      why: `The driver "pg-native" runs on it; it was looked for from "${root}" and from Lockstep's own folder.`,
      remedy: missing
        ? "Run: npm install --save-dev pg-native (it needs libpq's headers), or set driver: 'builtin'."
        : "Run: npm rebuild libpq, or set driver: 'builtin'. In worker threads only the built-in driver works.",
      cause,
    });
  }
}

function firstLine(cause: unknown): string {
  return String(cause).split('\n')[0] ?? '';
}
