/** Time, as the sandbox needs it. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls back after `delay` milliseconds; returns what prevents it. */
  after(delay: number, callback: () => void): () => void;
}

/** How it is found out whether the app's code can go on. */
export interface CountedTimeOptions {
  readonly clock: Clock;
  /** Asks the app: calls back as soon as its code can go on, which may be at once, later or never. */
  probe(this: void, answer: () => void): void;
  /** Whether somebody may be looking at the app with a debugger: then no time counts. */
  debugging(this: void): boolean;
}

/** What a stretch of time has brought. */
export interface Stretch {
  /** When it was over, in milliseconds of the clock. */
  readonly ended: number;
  /** Milliseconds of it in which the app's code could go on. */
  readonly counted: number;
  /** Whether there was a pause in which it could not. */
  readonly paused: boolean;
}

/** Time is looked at in stretches of this length at most, in milliseconds. */
const LONGEST = 100;
/** A stretch that takes this much longer (milliseconds) tells of code that could not go on. */
const LATE = 50;

/**
 * Time that passes for the app: a pause in which its code cannot go on does not count.
 *
 * A pause is seen in two ways. The own timer comes late: the process was stopped, or this thread was
 * busy. Or the app's answer does: its thread is busy, or stands at a breakpoint.
 */
export class CountedTime {
  readonly #clock: Clock;
  readonly #probe: CountedTimeOptions['probe'];
  readonly #debugging: () => boolean;
  readonly #passed: (stretch: Stretch) => void;
  readonly #silent: (duration: number) => void;
  #stopTimer: (() => void) | undefined;
  /** The probe that is not answered yet. */
  #asked: object | undefined;
  /** Milliseconds for which there has been no answer. */
  #unanswered = 0;

  /**
   * @param passed is called when a stretch is over
   * @param silent is called again and again while the app does not answer, with the milliseconds for which it has not
   */
  constructor(
    { clock, probe, debugging }: CountedTimeOptions,
    passed: (stretch: Stretch) => void,
    silent: (duration: number) => void,
  ) {
    this.#clock = clock;
    this.#probe = probe;
    this.#debugging = debugging;
    this.#passed = passed;
    this.#silent = silent;
  }

  /** Whether a stretch is being waited. */
  get watching(): boolean {
    return this.#stopTimer !== undefined;
  }

  /** Waits for one stretch: of that many milliseconds, or shorter. */
  watch(length: number): void {
    const began = this.#clock.now();
    const planned = Math.max(1, Math.min(LONGEST, Math.ceil(length)));

    this.#stopTimer = this.#clock.after(planned, () => {
      this.#stopTimer = undefined;
      this.#ask(began, planned);
    });
  }

  /** The stretch is not waited for any more. */
  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#asked = undefined;
    this.#unanswered = 0;
  }

  #ask(began: number, planned: number): void {
    const asked = this.#clock.now();
    const late = asked - began - planned > LATE;
    const probe = {};

    this.#asked = probe;
    this.#awaitAnswer();
    this.#probe(() => {
      if (this.#asked !== probe) return;
      const ended = this.#clock.now();
      const paused = late || ended - asked > LATE;
      const counted = paused ? planned : ended - began;
      this.stop();
      this.#passed({ ended, paused, counted: this.#debugging() ? 0 : counted });
    });
  }

  /** Time without an answer is counted in stretches as well: while the process is stopped, nobody can answer. */
  #awaitAnswer(): void {
    this.#stopTimer = this.#clock.after(LONGEST, () => {
      const asked = this.#asked;
      this.#unanswered = this.#debugging() ? 0 : this.#unanswered + LONGEST;
      this.#silent(this.#unanswered);
      if (asked === this.#asked) this.#awaitAnswer();
    });
  }
}
