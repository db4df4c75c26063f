import { readFields } from '../../wire/backend.js';
import type { TakeOver } from '../hosts/upstream.js';
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

type Rows = readonly (readonly (string | null)[])[];

/** A connection for statements of the relay's own. */
export class OwnConnection {
  readonly #real: RealConnection;
  readonly #close: () => void;
  #waiting: ((ended: string) => void)[] = [];
  #ended: string | undefined;

  constructor(connection: RawConnection, takeOver: TakeOver) {
    const end = takeOver(connection, {
      received: (chunk) => {
        real.receive(chunk);
        real.flush();
      },
      ended: (reason) => this.#end(reason),
    });
    const real = new RealConnection(end, {
      notice: () => true,
      notification: () => undefined,
      parameter: () => undefined,
      outOfStep: (reason) => this.#end(reason),
      idle: () => undefined,
    });
    this.#real = real;
    this.#close = () => end.destroy();
  }

  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** @throws Refused, with what the server says; Error when the connection has ended. */
  ask(sql: string): Promise<Rows> {
    return new Promise((resolve, reject) => {
      const lost = (reason: string): void => reject(new Error(reason));
      if (this.#ended !== undefined) return lost(this.#ended);
      this.#waiting.push(lost);
      this.#real.ask(sql, ({ error, rows }) => {
        this.#waiting = this.#waiting.filter((other) => other !== lost);
        if (error === undefined) resolve(rows);
        else reject(new Refused(error));
      });
      this.#real.flush();
    });
  }

  close(): void {
    this.#close();
    this.#end('it was closed');
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    for (const lost of this.#waiting.splice(0)) lost(reason);
  }
}
