import { connect, type Socket } from 'node:net';

/** A message of the server: its letter and what is comparable of it. */
export type Message = readonly [letter: string, content: string];

const QUIET = 3000;

/** A client that speaks the protocol by hand. */
export class RawClient {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #messages: Message[] = [];
  #wake: (() => void) | undefined;
  closed = false;
  processId = 0;
  secretKey = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#read();
      this.#wake?.();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
  }

  /** Connects to a socket's directory. */
  static async open(host: string, database: string, parameters: Record<string, string> = {}): Promise<RawClient> {
    const client = new RawClient(connect(`${host}/.s.PGSQL.5432`));
    const pairs = Object.entries({ user: 'postgres', database, ...parameters }).flat();
    const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(`${pairs.join('\0')}\0\0`)]);
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    client.write(Buffer.concat([length, body]));
    await client.until('Z');
    return client;
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** All messages up to the one with that letter, `times` times. */
  async until(letter: string, times = 1): Promise<Message[]> {
    const deadline = Date.now() + QUIET;
    for (;;) {
      let left = times;
      const index = this.#messages.findIndex(([type]) => type === letter && (left -= 1) === 0);
      if (index >= 0) return this.#messages.splice(0, index + 1);
      if (this.closed || Date.now() > deadline) {
        const so = this.#messages.map(([type, content]) => `${type} ${content}`).join(' | ');
        throw new Error(`${this.closed ? 'closed' : 'silent'}, ${times} ${letter} wanted, so far: ${so}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** What has come and was not asked for. */
  rest(): Message[] {
    return this.#messages.splice(0);
  }

  /** Sends and reads until the server is ready. */
  exchange(bytes: Uint8Array, times = 1): Promise<Message[]> {
    this.write(bytes);
    return this.until('Z', times);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(): void {
    while (this.#bytes.length >= 5) {
      const end = this.#bytes.readInt32BE(1) + 1;
      if (this.#bytes.length < end) return;

      const message = this.#bytes.subarray(0, end);
      this.#bytes = this.#bytes.subarray(end);
      const letter = String.fromCharCode(message[0] ?? 0);
      if (letter === 'K') [this.processId, this.secretKey] = [message.readInt32BE(5), message.readInt32BE(9)];
      if (letter !== 'S' && letter !== 'K') this.#messages.push([letter, comparable(letter, message.subarray(5))]);
    }
  }
}

/** Object numbers and source lines differ from one server process to the next. */
function comparable(letter: string, body: Buffer): string {
  if (letter === 'E' || letter === 'N') {
    return body
      .toString()
      .split('\0')
      .filter((field) => /^[SCMDHPtcn]/.test(field))
      .join(';');
  }
  if (letter === 'T') {
    const names = body.toString('latin1', 2).match(/[a-z?]\w*(?=\0)/g) ?? [];
    return names.join(',');
  }
  if (letter === 'A') return body.toString('utf8', 4);
  return body.toString('latin1');
}
