import { soon } from '../../../../clock.js';

/** Work that is put off until the stack is empty: done by the event loop, or by whoever blocks the thread. */
export class DeferredWork {
  #queue: (() => void)[] = [];

  add(work: () => void): void {
    this.#queue.push(work);
    if (this.#queue.length === 1) soon(() => this.run());
  }

  /** Does what is there. */
  run(): void {
    if (this.#queue.length === 0) return;
    const queue = this.#queue;
    this.#queue = [];
    for (const work of queue) work();
  }
}
