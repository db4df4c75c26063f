import { MessageChannel, type MessagePort, receiveMessageOnPort, type Transferable, Worker } from 'node:worker_threads';
import { SandboxLostError } from '../../../../../errors.js';
import { type Command, type Event, receiveError, type Reply, type WorkerData } from './messages.js';
import { deliver } from './delivery.js';
import { newWords, Word } from '../../../shared.js';
import { runnerWords } from '../../../../../runner-words.js';
import { now } from '../../../../../real-time.js';

/** So often a thread that waits looks whether the worker is there, in milliseconds. */
const SLICE = 20;
/**
 * Without a heartbeat for so long, a worker that is there is stuck. It beats every 200 ms, but reading a
 * script of many megabytes may take it seconds. One that has ended is noticed at once, by `deliver`.
 */
const DEAD_AFTER = 30_000;
const START = 10_000;

/** How a worker is started. */
export type Start = Omit<WorkerData, 'runner' | 'words' | 'control' | 'replies' | 'events'>;

/** The main thread's end of the relay's worker: commands, blocking replies, events. */
export class WorkerLink {
  readonly words: Int32Array<SharedArrayBuffer> = newWords();
  readonly #worker: Worker;
  readonly #control: MessagePort;
  readonly #replies: MessagePort;
  readonly #events: MessagePort;
  readonly #heard: (event: Event) => void;
  readonly #ofDatabase: string;
  #dead: string | undefined;

  constructor(start: Start, heard: (event: Event) => void) {
    const [control, replies, events] = [new MessageChannel(), new MessageChannel(), new MessageChannel()];
    const workerData: WorkerData = {
      ...start,
      runner: runnerWords(),
      words: this.words,
      control: control.port2,
      replies: replies.port2,
      events: events.port2,
    };

    this.#heard = heard;
    this.#ofDatabase = start.label === undefined ? '' : ` of ${start.label}`;
    this.#control = control.port1;
    this.#replies = replies.port1;
    this.#events = events.port1;
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), {
      name: 'lockstep-postgres',
      workerData,
      transferList: [control.port2, replies.port2, events.port2],
      // Loaders and hooks of the tests are none of the relay's business.
      execArgv: [],
    });
    this.#worker.on('error', (error) => (this.#dead ??= error.message));
    this.#worker.on('exit', (code) => (this.#dead ??= `it exited with code ${code}`));
    this.#events.on('message', heard);
    // Who has heard of this is told nothing by a message that cannot be delivered.
    this.#control.on('close', () => this.#gone());
    // None of these may keep a finished process alive.
    this.#worker.unref();
    this.#events.unref();
    this.#control.unref();
    this.#replies.unref();
  }

  /** Why the worker cannot be used any more; undefined while it lives. */
  get dead(): string | undefined {
    return this.#dead;
  }

  load(word: number): number {
    return Atomics.load(this.words, word);
  }

  store(word: number, value: number): void {
    Atomics.store(this.words, word, value);
  }

  /** Blocks until the socket is there. */
  ready(): void {
    this.#until(() => this.load(Word.ready) !== 0, Word.ready, START, 'to open its socket');
  }

  /** Sends a command. The worker notices it before it serves anybody again. Returns its number. */
  post(command: Command, transfer: readonly Transferable[] = []): number {
    if (!deliver(this.#control, command, transfer)) this.#gone();
    return Atomics.add(this.words, Word.sent, 1) + 1;
  }

  /**
   * Sends a command and blocks until the worker has replied.
   *
   * @throws whatever the worker replied with, and SandboxLostError when it does not reply in time.
   */
  call(command: Command, timeout: number): Reply {
    const number = this.post(command);

    const reply = this.#until(() => this.#reply(number), Word.answered, timeout, `to "${command.kind}"`);
    if (reply.error !== undefined) throw receiveError(reply.error);
    return reply;
  }

  /**
   * Blocks until the worker has ended the scope whose `end` had that number.
   *
   * @throws SandboxLostError when the worker does not answer in time.
   */
  awaitEnd(number: number, timeout: number): void {
    this.#until(() => this.load(Word.ended) >= number, Word.ended, timeout, 'to "end"');
  }

  /** A reply that nobody called for: why a wish failed. */
  takeReply(): Reply | undefined {
    return this.#reply(undefined);
  }

  /** Hands on what the worker has told and the event loop has not delivered yet. */
  drain(): void {
    for (let next = receive<Event>(this.#events); next !== undefined; next = receive<Event>(this.#events))
      this.#heard(next);
  }

  /**
   * Blocks until the word has another value, for at most `timeout` milliseconds. Gives how long that took:
   * only time counts that was waited, not that for which the process was stopped.
   *
   * @throws SandboxLostError when the worker has died.
   */
  wait(word: number, seen: number, timeout: number): number {
    let beat = this.load(Word.heartbeat);
    let silent = 0;
    let waited = 0;

    while (waited < timeout) {
      const began = now();
      const changed = Atomics.wait(this.words, word, seen, Math.min(SLICE, timeout - waited)) !== 'timed-out';
      const took = Math.min(now() - began, 2 * SLICE);
      waited += took;
      if (changed) break;

      this.post({ kind: 'look' });
      if (this.#dead !== undefined) throw this.lost();

      const last = this.load(Word.heartbeat);
      silent = last === beat ? silent + took : 0;
      beat = last;
      if (silent > DEAD_AFTER) {
        this.#dead ??= 'it gives no sign of life';
        throw this.lost();
      }
    }
    return waited;
  }

  /** The error of a sandbox whose worker is gone. */
  lost(): SandboxLostError {
    return new SandboxLostError({
      what: `The relay's thread${this.#ofDatabase} has ended: ${this.#dead ?? 'unknown'}.`,
      why: 'All connections of a sandbox go through it, so what the test had written is gone.',
      remedy: 'The next test gets a new one. If you did not end it yourself, please report this.',
    });
  }

  /** Ends the worker. */
  terminate(): void {
    this.#dead ??= 'it was closed';
    this.#events.close();
    this.#control.close();
    this.#replies.close();
    void this.#worker.terminate();
  }

  /** For tests: ends the worker behind the sandbox's back. */
  kill(): Promise<number> {
    return this.#worker.terminate();
  }

  /** The worker has ended. Its last words are there already; the event that tells of it comes later. */
  #gone(): void {
    for (let reply = receive<Reply>(this.#replies); reply !== undefined; reply = receive<Reply>(this.#replies))
      this.#dead ??= reply.died;
    this.#dead ??= 'it was terminated';
  }

  /** Replies that nobody waited for, or not long enough, are dropped. */
  #reply(to: number | undefined): Reply | undefined {
    let reply = receive<Reply>(this.#replies);
    while (reply !== undefined && reply.to !== to) reply = receive<Reply>(this.#replies);
    return reply;
  }

  #until<Value>(look: () => Value | undefined | false, word: number, timeout: number, what: string): Value {
    let left = timeout;

    for (;;) {
      const seen = this.load(word);
      const value = look();
      if (value !== undefined && value !== false) return value;
      if (this.#dead !== undefined) throw this.lost();

      if (left <= 0) throw this.#late(what, timeout);
      left -= this.wait(word, seen, left);
    }
  }

  #late(what: string, timeout: number): SandboxLostError {
    return new SandboxLostError({
      what: `The relay's thread${this.#ofDatabase} did not come ${what} within ${timeout} ms.`,
      why: 'It waits for the Postgres server, or the machine is very busy.',
      remedy: 'Look into the log of the server.',
    });
  }
}

function receive<Value>(port: MessagePort): Value | undefined {
  return (receiveMessageOnPort(port) as { message: Value } | undefined)?.message;
}
