import type { Rows } from './own-connection.js';
import type { SwitchedLine } from './switched-line.js';

/** What the watch has to know of its room. */
export interface Watched {
  readonly lines: Iterable<SwitchedLine>;
  /** Whether what the function of a test has left open gives way to whoever waits for it. */
  readonly yielding: boolean;
  /** Asks the server; `done` gets the rows, undefined where there is no answer. False if nothing can be asked now. */
  readonly ask: (sql: string, done: (rows: Rows | undefined) => void) => boolean;
  /** Calls back after so many milliseconds, also while the thread is blocked by the session. */
  readonly after: (milliseconds: number, work: () => void) => void;
  readonly now: () => number;
  /** How long the session waits for a transaction that rests, and for one that works, in milliseconds. */
  readonly stallTimeout: number;
  readonly holdTimeout: number;
}

/** How long a statement runs before it is asked what it waits for, and between two looks, in milliseconds. */
const LOOK = 20;

/** Whom the session waits for. */
interface Wait {
  readonly holder: SwitchedLine;
  readonly lastSql: string;
  readonly since: number;
}

/**
 * Who waits for whom outside of the sandbox: only the server knows, so it is asked while somebody waits for an answer
 * who may wait for a lock. That is the session, whose thread may be what the other would need to go on, and behind
 * the function of a test its hooks.
 */
export class LockWatch {
  readonly #room: Watched;
  #armed = false;
  #wait: Wait | undefined;

  constructor(room: Watched) {
    this.#room = room;
  }

  /** The client has sent something. */
  sent(line: SwitchedLine): void {
    if (this.#armed || !this.#mayWait(line)) return;
    this.#arm();
  }

  #arm(): void {
    this.#armed = true;
    this.#room.after(LOOK, () => {
      this.#armed = false;
      this.#look();
    });
  }

  #mayWait({ client, direct }: SwitchedLine): boolean {
    return (this.#room.yielding || client.own) && direct?.underWay === true;
  }

  #look(): void {
    const waiting = [...this.#room.lines].filter((line) => this.#mayWait(line));
    const numbers = waiting.flatMap(({ direct }) => direct?.end?.processId ?? []);
    if (waiting.length === 0) {
      this.#wait = undefined;
      return;
    }

    const asked =
      numbers.length > 0 &&
      this.#room.ask(blocking(numbers), (rows) => {
        for (const [waiter, holder] of rows ?? []) this.#waits(Number(waiter), Number(holder));
        if (rows?.length === 0) this.#wait = undefined;
        if (!this.#armed) this.#arm();
      });
    if (!asked) this.#arm();
  }

  /** One backend waits for a lock of another. */
  #waits(waiter: number, holder: number): void {
    const [waiting, holding] = [this.#lineOf(waiter), this.#lineOf(holder)];
    if (waiting === undefined || holding === undefined) return;
    if (this.#room.yielding && holding.giveWay()) return;
    if (waiting.client.own) this.#sessionWaits(waiting, holding);
  }

  #sessionWaits(session: SwitchedLine, holder: SwitchedLine): void {
    const { now, stallTimeout, holdTimeout } = this.#room;
    const lastSql = holder.direct?.lastSql ?? '';
    const wait = this.#wait;
    if (wait?.holder !== holder || wait.lastSql !== lastSql) {
      this.#wait = { holder, lastSql, since: now() };
      return;
    }

    const idle = holder.direct?.underWay !== true;
    const waited = now() - wait.since;
    if (waited < (idle ? stallTimeout : holdTimeout)) return;
    this.#wait = undefined;
    session.waitsInVain(holder, waited);
  }

  #lineOf(processId: number): SwitchedLine | undefined {
    for (const line of this.#room.lines) if (line.direct?.end?.processId === processId) return line;
    return undefined;
  }
}

/** The pairs of those that wait for a lock and those that hold it or are before them in the line for it. */
function blocking(waiting: readonly number[]): string {
  return (
    'SELECT waiter, pg_catalog.unnest(pg_catalog.pg_blocking_pids(waiter)) ' +
    `FROM pg_catalog.unnest('{${waiting.join(',')}}'::pg_catalog.int4[]) AS waiter`
  );
}
