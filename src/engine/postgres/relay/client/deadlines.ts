import type { Status } from '../../wire/backend.js';
import { endingOf, type EndingTimeout } from '../ending-timeouts.js';
import type { Hub } from '../hub/hub.js';

/** A timer that is this much late (milliseconds) tells of a thread that was blocked, by a debugger or a session's call. */
const BLOCKED = 50;

/** What is ended, and as what its timeouts are in force. */
interface Owner {
  /** Whether it is the test's own, which nothing but the test ends. */
  readonly own: boolean;
  readonly emulation: { timeout(name: EndingTimeout): number };
  /** Ends the connection with these words. */
  end(code: string, message: string): void;
}

/** The timeouts at which a server would end the client's connection, by the hub's clock. */
export class Deadlines {
  readonly #client: Owner;
  readonly #hub: Hub;
  /** The client is idle. */
  readonly #idle: Countdown;
  readonly #transaction: Countdown;

  constructor(client: Owner, hub: Hub) {
    this.#client = client;
    this.#hub = hub;
    this.#idle = this.#countdown();
    this.#transaction = this.#countdown();
  }

  #countdown(): Countdown {
    return new Countdown(this.#hub, (name) => {
      const { code, message } = endingOf(name);
      this.#client.end(code, message);
    });
  }

  /** The client has the turn, or has done without: its transaction has begun, if none was open. */
  began(): void {
    this.#transaction.goOn();
    this.#limitTransaction();
  }

  /** It waits for its turn, which on a server it would not. */
  waits(): void {
    this.#transaction.pause();
  }

  /** The client was told that it may go on. */
  rests(status: Status): void {
    if (status === 'I') this.#transaction.stop();
    else this.began();
    this.#start(this.#idle, status === 'I' ? 'idle_session_timeout' : 'idle_in_transaction_session_timeout');
  }

  /** The client has sent something. */
  stirs(): void {
    this.#idle.stop();
  }

  gone(): void {
    this.#idle.stop();
    this.#transaction.stop();
  }

  /** A value that is set amid the transaction counts from there (assign_transaction_timeout in postgres.c). */
  #limitTransaction(): void {
    const set = this.#client.emulation.timeout('transaction_timeout') > 0;
    if (!set) this.#transaction.stop();
    else if (!this.#transaction.running) this.#start(this.#transaction, 'transaction_timeout');
  }

  #start(countdown: Countdown, name: EndingTimeout): void {
    const { emulation, own } = this.#client;
    const limit = own ? 0 : emulation.timeout(name);
    if (limit > 0) countdown.start(name, limit);
    else countdown.stop();
  }
}

/** Time that passes while nothing keeps the app's thread from going on. */
class Countdown {
  readonly #hub: Hub;
  readonly #due: (name: EndingTimeout) => void;
  #name: EndingTimeout = 'idle_session_timeout';
  #limit = 0;
  /** Milliseconds that are left of it, and since when they pass. */
  #left = 0;
  #since = 0;
  #cancel: (() => void) | undefined;
  #paused = false;

  constructor(hub: Hub, due: (name: EndingTimeout) => void) {
    this.#hub = hub;
    this.#due = due;
  }

  get running(): boolean {
    return this.#cancel !== undefined || this.#paused;
  }

  start(name: EndingTimeout, limit: number): void {
    this.stop();
    this.#name = name;
    this.#limit = this.#left = limit;
    this.#pass();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#paused = false;
  }

  pause(): void {
    if (this.#cancel === undefined) return;
    this.stop();
    this.#left -= this.#hub.now() - this.#since;
    this.#paused = true;
  }

  goOn(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#pass();
  }

  #pass(): void {
    this.#since = this.#hub.now();
    const due = this.#since + Math.max(1, this.#left);
    const cancel = this.#hub.after(due - this.#since, () => {
      this.#hub.probe(() => {
        if (this.#cancel !== cancel) return;
        // It had no chance to go on, so all of its time is given anew.
        if (this.#hub.now() - due > BLOCKED) this.start(this.#name, this.#limit);
        else {
          this.stop();
          this.#due(this.#name);
        }
      });
    });
    this.#cancel = cancel;
  }
}
