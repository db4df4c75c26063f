import type { Deadline } from '../deadline.js';
import { lateError } from '../late.js';
import { clearTimeout, now, setTimeout } from '../../real-time.js';

/** A wait for something that a session is going to receive. */
export interface Wait<T> {
  readonly promise: Promise<T>;
  /** Gives it up: what comes next is for the next wait. */
  cancel(): void;
}

interface Open {
  readonly what: string;
  readonly began: number;
  /** Whether it is over. */
  attempt(): boolean;
}

/** The open waits of one session, first come, first served. */
export class Waits {
  readonly #open = new Set<Open>();
  readonly #describe: () => string;

  /** @param describe the session and how far it has come, for messages */
  constructor(describe: () => string) {
    this.#describe = describe;
  }

  /**
   * Waits until `attempt` gives something else than undefined; it is tried now and after each
   * `notify`. What it throws is the wait's failure.
   *
   * @param what what is waited for, e.g. `readLine()`
   */
  until<T>(what: string, attempt: () => T | undefined, deadline: Deadline | undefined): Wait<T> {
    let timer: NodeJS.Timeout | undefined;
    let give: (value: T) => void = () => undefined;
    let fail: (error: unknown) => void = () => undefined;
    const promise = new Promise<T>((resolve, reject) => {
      give = resolve;
      fail = reject;
    });
    // Whoever gave up waiting has been told why already.
    promise.catch(() => undefined);

    const open: Open = { what, began: now(), attempt: () => settled(attempt, give, fail) };
    const cancel = (): void => {
      this.#open.delete(open);
      clearTimeout(timer);
    };
    this.#open.add(open);
    this.notify();

    if (deadline !== undefined && this.#open.has(open)) {
      timer = setTimeout(() => {
        fail(this.#timeoutError(open, deadline));
        cancel();
      }, deadline.ms);
      if (!deadline.own) timer.unref();
      promise.then(cancel, cancel);
    }
    return { promise, cancel };
  }

  /** Something has come: the oldest waits are tried first. */
  notify(): void {
    for (const open of this.#open) {
      if (!open.attempt()) return;
      this.#open.delete(open);
    }
  }

  /** A sentence per open wait. */
  sentences(): string[] {
    return [...this.#open].map((open) => this.#sentence(open));
  }

  #sentence({ what, began }: Open): string {
    return `${this.#describe()}: ${what} has waited for ${Math.round(now() - began)} ms`;
  }

  #timeoutError(open: Open, deadline: Deadline): Error {
    return lateError(deadline, {
      sentence: this.#sentence(open),
      why: 'The app has sent nothing that would end the wait, and has not closed the connection.',
      remedy: 'Look for what should have made the app send it, or give a larger timeout.',
    });
  }
}

function settled<T>(attempt: () => T | undefined, give: (value: T) => void, fail: (error: unknown) => void): boolean {
  try {
    const value = attempt();
    if (value === undefined) return false;
    give(value);
  } catch (error) {
    fail(error);
  }
  return true;
}
