import { getSystemErrorMap } from 'node:util';
import { beginAtCaller } from '../../own-frames.js';
import type { BlockingCall } from './call.js';

/** What spawnSync returns, and what the errors of execSync and execFileSync carry. */
export interface ChildResult {
  error?: Error;
  status: number | null;
  signal: NodeJS.Signals | null;
  output: (string | Buffer | null)[];
  pid: number;
  stdout: string | Buffer | null;
  stderr: string | Buffer | null;
}

/** How a child has ended. */
export interface ChildEnd {
  readonly pid: number;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What came through each descriptor that was a pipe of the child's to write to. */
  readonly output: readonly (Buffer | null)[];
  /** The name of the system's error by which it was ended or its pipes failed, e.g. `ETIMEDOUT`. */
  readonly failure: string | undefined;
  /** The program that was run, a shell in place of a command, and its arguments. */
  readonly file: string;
  readonly args: readonly string[];
}

/** The result as Node has it (`spawnSync` in lib/internal/child_process.js), its properties in the same order. */
export function resultOf({ options: { encoding } }: BlockingCall, end: ChildEnd): ChildResult {
  const { status, signal, pid } = end;
  const text = encoding && encoding !== 'buffer' ? encoding : undefined;
  const output = end.output.map((bytes) => (text === undefined ? bytes : (bytes?.toString(text) ?? null)));

  return {
    ...(end.failure === undefined ? {} : { error: systemError(end, end.failure) }),
    status,
    signal,
    output,
    pid,
    stdout: output[1] ?? null,
    stderr: output[2] ?? null,
  };
}

/**
 * What the function that was called gives for a result (`checkExecSyncError` in lib/child_process.js).
 *
 * @throws Error of execSync and execFileSync, where the child could not do what it was to do.
 */
export function deliver({ name, file, args, options }: BlockingCall, result: ChildResult): unknown {
  if (name === 'spawnSync') return result;

  if (!options.stdio && result.stderr?.length) process.stderr.write(result.stderr);
  if (result.error) throw Object.assign(result.error, result);
  if (result.status === 0) return result.stdout;

  const command = name === 'execSync' ? file : [options.argv0 || file, ...args].join(' ');
  const said = result.stderr?.length ? `\n${result.stderr.toString()}` : '';
  const error = new Error(`Command failed: ${command}${said}`);
  beginAtCaller(error);
  throw Object.assign(error, result);
}

/** An error of the system as Node makes them of what libuv gives. */
function systemError({ file, args }: ChildEnd, code: string): Error {
  const syscall = `spawnSync ${file}`;
  const [errno] = [...getSystemErrorMap()].find(([, [name]]) => name === code) ?? [];

  const error = new Error(`${syscall} ${code}`);
  beginAtCaller(error);
  return Object.assign(error, { errno, code, syscall, path: file, spawnargs: args.slice(1) });
}
