import childProcess, { type ChildProcess, type SpawnOptions } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { ownCallback } from '../app-work.js';
import { native } from '../native.js';
import type { BlockingCall, BlockingOptions } from './call.js';
import type { ChildEnd } from './outcome.js';

/** Bytes of all outputs together, where a call names no other number (`MAX_BUFFER` in lib/child_process.js). */
const MAX_BUFFER = 1024 * 1024;

// Captured: a test may put a spawn of its own in its place.
const { spawn } = childProcess;

/** The longest that a timer of Node can be set for, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Options that mean something else to spawn, or nothing to the blocking functions. */
const OTHERWISE: ReadonlySet<string> = new Set([
  'timeout',
  'killSignal',
  'maxBuffer',
  'input',
  'encoding',
  'signal',
  'serialization',
]);

/**
 * Starts the child of a blocking call without blocking; undefined where it cannot be started, which
 * the blocking function itself then tells in Node's words.
 */
export function startChild(call: BlockingCall): Child | undefined {
  const { name, file, args, options } = call;
  const given = Object.entries(options).filter(([option]) => !OTHERWISE.has(option));
  const shell = name === 'execSync' && typeof options['shell'] !== 'string' ? true : options['shell'];
  let process: ChildProcess;
  try {
    process = spawn(file, args, { ...Object.fromEntries(given), shell } as SpawnOptions);
  } catch {
    return undefined;
  }

  if (process.pid !== undefined) return new Child(process, process.pid, options);
  // Its `error` event is on its way.
  process.on('error', () => undefined);
  return undefined;
}

/**
 * A child that runs as those of the blocking functions do: its first input is given and closed, its
 * outputs are collected up to `maxBuffer`, and it is killed when `timeout` has passed.
 *
 * The rules are those of `SyncProcessRunner` in src/spawn_sync.cc.
 */
export class Child {
  readonly #process: ChildProcess;
  readonly #pid: number;
  readonly #killSignal: NodeJS.Signals | number;
  readonly #maxBuffer: number;
  readonly #streams: (Readable | Writable)[] = [];
  readonly #chunks: (Buffer[] | null)[];
  #bytes = 0;
  /** Pipes that are neither closed nor done with. */
  #open = 0;
  #exit: Pick<ChildEnd, 'status' | 'signal'> | undefined;
  #killed = false;
  #refused = false;
  #failure: string | undefined;
  #pipeFailure: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(process: ChildProcess, pid: number, options: BlockingOptions) {
    const { timeout, killSignal, input, encoding } = options;
    this.#process = process;
    this.#pid = pid;
    this.#killSignal = killSignal || 'SIGTERM';
    // Named and undefined, it is no limit.
    this.#maxBuffer = 'maxBuffer' in options ? options.maxBuffer || Infinity : MAX_BUFFER;

    process.on('error', () => this.#killHard());
    process.on('exit', (status, signal) => this.#exited(status, signal));
    const { stdin } = process;
    const stdio = process.stdio as readonly (Readable | Writable | null)[];
    this.#chunks = stdio.map((stream, index) => (stream === null || index === 0 ? null : []));
    stdio.forEach((stream, index) => {
      if (stream !== null && index > 0) this.#collect(stream as Readable, index);
    });
    // Node would destroy it when the child ends, though a child of that may have it still.
    process.stdin = null;
    if (stdin) this.#give(stdin, input, encoding);
    if (timeout)
      this.#timer = native.setTimeout(
        ownCallback(() => this.kill('ETIMEDOUT')),
        Math.min(timeout, LONGEST),
      );
  }

  get isOver(): boolean {
    return this.#exit !== undefined && (this.#killed || this.#open === 0);
  }

  /** Ends the child and lets its pipes go, which children of its own may hold open. */
  kill(failure: string): void {
    if (this.#killed) return;

    this.#killed = true;
    this.#failure = failure;
    native.clearTimeout(this.#timer);
    // A signal that is not allowed is told by `error`.
    if (this.#exit === undefined) this.#process.kill(this.#killSignal);
    for (const stream of this.#streams) stream.destroy();
  }

  /** To be asked when it is over. */
  end(): ChildEnd {
    const { spawnfile, spawnargs } = this.#process;

    return {
      pid: this.#pid,
      status: null,
      signal: null,
      ...this.#exit,
      output: this.#chunks.map((chunks) => chunks && Buffer.concat(chunks)),
      failure: this.#failure ?? this.#pipeFailure,
      file: spawnfile,
      args: spawnargs,
    };
  }

  #exited(status: number | null, signal: NodeJS.Signals | null): void {
    this.#exit = { status, signal };
    native.clearTimeout(this.#timer);
  }

  #collect(stream: Readable, index: number): void {
    this.#watch(stream, 'close');
    stream.on('data', (chunk: Buffer) => {
      if (this.#killed) return;

      this.#chunks[index]?.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes > this.#maxBuffer) this.kill('ENOBUFS');
    });
  }

  #give(stdin: Writable, input: BlockingOptions['input'], encoding: BlockingOptions['encoding']): void {
    this.#watch(stdin, 'finish');
    if (!input) stdin.end();
    else if (typeof input === 'string') stdin.end(Buffer.from(input, (encoding || undefined) as BufferEncoding));
    else stdin.end(Buffer.from(input.buffer, input.byteOffset, input.byteLength));
  }

  /** A pipe is done with by its event, or has failed. */
  #watch(stream: Readable | Writable, event: 'close' | 'finish'): void {
    let open = true;
    const done = (): void => {
      if (!open) return;
      open = false;
      this.#open -= 1;
      // One that was only written to is closed by nobody else.
      stream.destroy();
    };

    this.#open += 1;
    this.#streams.push(stream);
    stream.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (!this.#killed) this.#pipeFailure ??= code;
      done();
    });
    stream.on(event, done);
    if (event !== 'close') stream.on('close', done);
  }

  /** To be called when a signal was not allowed: once, since this one may not be either. */
  #killHard(): void {
    if (this.#refused) return;

    this.#refused = true;
    if (this.#exit === undefined) this.#process.kill('SIGKILL');
  }
}
