import { Agent } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Desk } from '../call.js';

type Done = (error: Error | null, connection?: Duplex) => void;

/** Gives other HTTP clients of Node connections to the app, which it starts when the first one asks. */
export class DeskAgent extends Agent {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    super({ keepAlive: false });
    this.#desk = desk;
  }

  override createConnection(options: object, done: Done): Duplex | undefined {
    const { line } = this.#desk;
    if (line !== undefined) return line.agents.http.createConnection(options) as Duplex;

    this.#desk.begin().then(
      ({ agents }) => done(null, agents.http.createConnection(options as never) as Duplex),
      (error: unknown) => done(error as Error),
    );
    return undefined;
  }
}
