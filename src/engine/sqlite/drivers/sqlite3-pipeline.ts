import { AsyncResource } from 'node:async_hooks';
import { classify } from '../../../sql/classify.js';
import { soon } from '../../clock.js';
import type { Connection } from '../connection.js';
import type { Hub, Sent } from '../hub.js';
import { countCall, findHub, hubOf, registry } from '../registry.js';

/** A call to the database whose answer comes later. */
export interface Operation {
  /** The SQL that needs a turn, or its first statement. Undefined: the call needs none, e.g. to open. */
  readonly sql: string | undefined;
  /** Whether more statements follow the first. */
  readonly more?: boolean | undefined;
  /** What it throws is the answer. */
  readonly work: (hub: () => Hub) => void;
  /** Gives the answer to the app; undefined is success. */
  readonly answer: (error: unknown) => void;
}

interface Queued extends Operation {
  readonly resource: AsyncResource;
  readonly hub: Hub | undefined;
  readonly sent: Sent | undefined;
}

/**
 * A connection's calls, one after the other in the order of the calls. node-sqlite3 promises less
 * (calls may overtake each other outside `serialize`), so apps that work with it work with this.
 *
 * No answer comes in the tick of its call, and each comes in a turn of the event loop of its own
 * and in the async context of its call, as from the thread pool.
 */
export class Pipeline {
  readonly #connection: Connection;
  readonly #queue: Queued[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  add(operation: Operation): void {
    const hub = findHub(this.#connection.database);
    const resource = new AsyncResource('LockstepQuery');
    this.#queue.push({ ...operation, resource, hub, sent: hub?.sent });
    countCall(this.#connection.database);

    // Opening and closing leave nothing in the database.
    if (operation.sql !== undefined) registry.pending.add(this.#connection);
    if (this.#queue.length === 1) soon(() => this.#start());
  }

  /** Takes out all calls that have not begun. */
  clear(): Operation[] {
    return this.#queue.splice(1);
  }

  #start(): void {
    const [next] = this.#queue;
    next?.resource.runInAsyncScope(() => this.#run(next));
  }

  #run(operation: Queued): void {
    let answered = false;
    let answer: unknown;
    let running = true;
    const settle = (error: unknown): void => {
      answered = true;
      answer = error;
      // Handed the turn by another connection, on that one's stack: the app is not to be called from there.
      if (!running) soon(() => operation.resource.runInAsyncScope(() => this.#finish(operation, error)));
    };

    this.#work(operation, settle);
    running = false;
    if (answered) this.#finish(operation, answer);
  }

  #work({ sql, more, work, hub: hubThen, sent }: Queued, settle: (error: unknown) => void): void {
    const hub = (): Hub => hubOf(this.#connection.database, this.#connection.name);
    const run = (): void => settle(attempt(() => work(hub)));
    if (sql === undefined) {
      run();
      return;
    }

    let now: Hub;
    try {
      now = hub();
    } catch (error) {
      settle(error);
      return;
    }
    const job = { connection: this.#connection, sql, effect: classify(sql, 'sqlite') };
    const then = { epoch: now === hubThen ? sent?.epoch : undefined, owner: sent?.owner };
    now.queue({ ...job, more, sent: then }, run, settle);
  }

  #finish(operation: Queued, error: unknown): void {
    this.#queue.shift();
    // Before the answer: it may throw, and then the next one must come all the same.
    if (this.#queue.length > 0) soon(() => this.#start());
    if (!this.#queue.some(({ sql }) => sql !== undefined)) registry.pending.delete(this.#connection);
    countCall(this.#connection.database);

    operation.answer(error);
  }
}

function attempt(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}
