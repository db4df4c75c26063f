import type { Desk } from './call.js';
import type { Line } from './exchange.js';

/** One call's wait for the app's start. The call may give it up; the app goes on starting. */
export class Starting {
  #giveUp: (reason: Error) => void = () => undefined;

  /** @throws what the app could not be started for, or the reason to give it up. */
  wait(desk: Desk): Promise<Line> {
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      desk.begin().then(resolve, reject);
    });
  }

  giveUp(reason: Error): void {
    this.#giveUp(reason);
  }
}
