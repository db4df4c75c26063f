import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Client } from 'pg';
import { parse, serialize } from 'pg-protocol';

interface Answer {
  readonly name: string;
  readonly text?: string;
  readonly code?: string;
  readonly status?: string;
}

/** A client that sends exactly the frames it is told to, and tells the answers in short. */
export class Wire {
  readonly #socket: Socket;
  readonly #answers: Answer[] = [];
  #changed: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    void parse(socket, (message) => {
      this.#answers.push(message);
      this.#changed();
    });
  }

  /** Opens one beside a client of pg, to the same address with the same name and password. */
  static async beside(client: Client): Promise<Wire> {
    const { host, port, user = '', database = '' } = client;
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    const wire = new Wire(socket);

    await once(socket, 'connect');
    socket.write(serialize.startup({ user, database }));
    const [first] = await wire.#until(({ name }) => name !== 'parameterStatus');
    if (first?.name === 'authenticationCleartextPassword') socket.write(serialize.password(String(client.password)));
    await wire.#until(({ name }) => name === 'readyForQuery');

    return wire;
  }

  /** Sends the frames in one write and waits for as many ReadyForQuery as there are Syncs among them. */
  async ask(frames: readonly Buffer[]): Promise<string[]> {
    const told: string[] = [];
    this.#socket.write(Buffer.concat(frames));

    for (let syncs = frames.filter((frame) => frame[0] === 0x53 || frame[0] === 0x51).length; syncs > 0; syncs -= 1)
      for (const answer of await this.#until(({ name }) => name === 'readyForQuery')) told.push(brief(answer));

    return told;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #until(last: (answer: Answer) => boolean): Promise<Answer[]> {
    for (;;) {
      const end = this.#answers.findIndex(last);
      if (end >= 0) return this.#answers.splice(0, end + 1);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }
}

/** Parse, Bind and Execute of one statement without a Sync. */
export function statement(text: string, values: readonly string[] = []): Buffer[] {
  return [serialize.parse({ text }), serialize.bind({ values: [...values] }), serialize.execute()];
}

function brief({ name, text, code, status }: Answer): string {
  return [name, text ?? code ?? status].filter(Boolean).join(' ');
}
