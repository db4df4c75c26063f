import type { Clock } from '#src/sandbox/counted-time.js';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that is set by hand, and an app that answers or does not. */
export class Time {
  now = 0;
  /** Whether the app cannot go on. */
  deaf = false;
  #timers: Timer[] = [];
  #asked: (() => void)[] = [];

  readonly clock: Clock = {
    now: () => this.now,
    after: (delay, run) => {
      const timer = { at: this.now + delay, run };
      this.#timers.push(timer);
      return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
    },
  };

  /** Whether no timer is set. */
  get quiet(): boolean {
    return this.#timers.length === 0;
  }

  probe(answer: () => void): void {
    if (this.deaf) this.#asked.push(answer);
    else answer();
  }

  /** The app goes on. */
  hear(): void {
    this.deaf = false;
    for (const answer of this.#asked.splice(0)) answer();
  }

  pass(milliseconds: number): void {
    this.#until(this.now + milliseconds, (timer) => timer.at);
  }

  /** Time passes in which nothing runs; timers that were due come late. */
  freeze(milliseconds: number): void {
    this.now += milliseconds;
    this.#until(this.now, () => this.now);
  }

  #until(end: number, when: (timer: Timer) => number): void {
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = when(next);
      next.run();
    }
    this.now = end;
  }
}
