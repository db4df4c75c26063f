import { constants } from 'node:os';
import { types } from 'node:util';

/** The functions of node:child_process that block the thread until their child has ended. */
export type BlockingName = 'execSync' | 'execFileSync' | 'spawnSync';

/** The options of all three together. They come from the user: {@link understood} has looked at those that are used. */
export interface BlockingOptions {
  readonly [option: string]: unknown;
  readonly argv0?: string;
  readonly input?: string | NodeJS.ArrayBufferView;
  readonly encoding?: BufferEncoding | 'buffer' | null;
  readonly stdio?: unknown;
  /** Milliseconds; 0 for none. */
  readonly timeout?: number | null;
  readonly killSignal?: NodeJS.Signals | number | null;
  /** Bytes of all outputs together; 0 for any number. */
  readonly maxBuffer?: number | null;
}

/** One call, whatever the order in which its arguments were given. */
export interface BlockingCall {
  readonly name: BlockingName;
  /** The program; of execSync the whole command. */
  readonly file: string;
  /** What the program is given; of execSync nothing. */
  readonly args: readonly string[];
  readonly options: BlockingOptions;
}

/** The call that is meant; undefined for one that Node would refuse, or whose meaning is not known here. */
export function readCall(name: BlockingName, given: readonly unknown[]): BlockingCall | undefined {
  const [file, second, third] = given;
  const [args, options] = name !== 'execSync' && Array.isArray(second) ? [second, third] : [[], second ?? third];

  if (typeof file !== 'string' || file === '') return undefined;
  if (options !== undefined && (options === null || typeof options !== 'object' || Array.isArray(options))) {
    return undefined;
  }
  const copy = { ...options } as BlockingOptions;
  return understood(copy) ? { name, file, args: args as readonly string[], options: copy } : undefined;
}

/** The same call with other options, as the arguments of the function. */
export function writeCall({ name, file, args }: BlockingCall, options: BlockingOptions): unknown[] {
  return name === 'execSync' ? [file, options] : [file, args, options];
}

/** The call as a reader knows it, cut to one line. */
export function callInWords({ name, file, args }: BlockingCall): string {
  const [line = '', more] = [file, ...args].join(' ').split('\n', 2);
  return `${name}(${JSON.stringify(more !== undefined || line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line)})`;
}

const SHOWN = 80;

/** Whether Node would accept the options as they are: its refusals are its own to word. */
function understood({ timeout, maxBuffer, killSignal, input, encoding, stdio }: BlockingOptions): boolean {
  if (isGiven(timeout) && !(Number.isInteger(timeout) && timeout >= 0)) return false;
  if (isGiven(maxBuffer) && !(typeof maxBuffer === 'number' && maxBuffer >= 0)) return false;
  if (isGiven(killSignal) && !isSignal(killSignal)) return false;
  if (input && !isInput(input)) return false;
  if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding)) return false;
  // Node takes it for the encoding of the text, too, and has none of that name.
  if (encoding === 'buffer' && typeof input === 'string' && input !== '') return false;
  return !stdio || (Array.isArray(stdio) ? stdio.every(isStdio) : isWord(stdio));
}

function isGiven<T>(option: T): option is NonNullable<T> {
  return option !== undefined && option !== null;
}

function isSignal(signal: unknown): boolean {
  const { signals } = constants;
  if (typeof signal === 'string') return Object.hasOwn(signals, signal.toUpperCase());
  return Object.values(signals).some((number) => number === signal);
}

function isInput(input: unknown): boolean {
  return typeof input === 'string' || types.isArrayBufferView(input);
}

function isWord(stdio: unknown): boolean {
  return stdio === 'pipe' || stdio === 'inherit' || stdio === 'ignore' || stdio === 'overlapped';
}

/** A channel for messages is refused, and so is what is no word, no descriptor and no stream. */
function isStdio(entry: unknown): boolean {
  if (entry === undefined || entry === null || typeof entry === 'number' || isWord(entry)) return true;
  return typeof entry === 'object' && !types.isArrayBufferView(entry) && !('input' in entry);
}
