import { readFields } from '../../wire/backend.js';
import type { BackendEnd, TakeOver } from '../hosts/upstream.js';
import { RealConnection } from '../real.js';
import type { RawConnection } from '../server-module.js';

/** What a server has said of a statement. */
export class Refused extends Error {
  readonly code: string;

  constructor(error: Buffer) {
    const { C = '', M = '', D } = readFields(error);
    super(D === undefined ? M : `${M}. ${D}`);
    this.code = C;
  }
}

export type Rows = readonly (readonly (string | null)[])[];

/** A connection for statements of the relay's own. */
export class OwnConnection {
  readonly #real: RealConnection;
  /** Its end at the server. */
  readonly end: BackendEnd;
  #waiting: ((ended: string) => void)[] = [];
  #ended: string | undefined;

  constructor(connection: RawConnection, takeOver: TakeOver) {
    this.end = takeOver(connection, {
      received: (chunk) => {
        real.receive(chunk);
        real.flush();
      },
      ended: (reason) => this.#ends(reason),
    });
    const real = new RealConnection(this.end, {
      notice: () => true,
      notification: () => undefined,
      parameter: () => undefined,
      outOfStep: (reason) => this.#ends(reason),
      idle: () => undefined,
    });
    this.#real = real;
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Whether something is still to be answered. */
  get asked(): boolean {
    return this.#waiting.length > 0;
  }

  /** @throws Refused, with what the server says; Error when the connection has ended. */
  ask(sql: string): Promise<Rows> {
    return new Promise((resolve, reject) =>
      this.askNow(sql, (answer) => (answer instanceof Error ? reject(answer) : resolve(answer))),
    );
  }

  /** The same; the answer is given within the turn that it comes in, also where the thread is blocked. */
  askNow(sql: string, answered: (answer: Rows | Error) => void): void {
    const lost = (reason: string): void => answered(new Error(reason));
    if (this.#ended !== undefined) return lost(this.#ended);
    this.#waiting.push(lost);
    this.#real.ask(sql, ({ error, rows }) => {
      this.#waiting = this.#waiting.filter((other) => other !== lost);
      answered(error === undefined ? rows : new Refused(error));
    });
    this.#real.flush();
  }

  close(): void {
    this.end.destroy();
    this.#ends('it was closed');
  }

  #ends(reason: string): void {
    this.#ended ??= reason;
    for (const lost of this.#waiting.splice(0)) lost(reason);
  }
}
