import { now } from '../../../../real-time.js';

/** Part of a start, and the milliseconds that it took. */
export type Step = readonly [what: string, milliseconds: number];

/** What a start is busy with, one thing after the other. */
export class Steps {
  readonly #done: Step[] = [];
  #current: string;
  #began: number = now();

  constructor(first: string) {
    this.#current = first;
  }

  get current(): string {
    return this.#current;
  }

  begin(what: string): void {
    this.end();
    this.#current = what;
  }

  /** The current one is over; returns all. */
  end(): readonly Step[] {
    const time = now();
    this.#done.push([this.#current, Math.round(time - this.#began)]);
    this.#began = time;
    return this.#done;
  }
}
