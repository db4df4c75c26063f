import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

/** A message of the server: its letter and what is comparable of it. */
export type Message = readonly [letter: string, content: string];

const QUIET = 5000;

/** A client that speaks the protocol by hand. */
export class RawClient {
  /** Notifications: channel and payload. */
  readonly heard: string[] = [];
  /** The settings that the server reported last. */
  readonly parameters: Map<string, string> = new Map();
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #messages: Message[] = [];
  #wake: (() => void) | undefined;
  closed = false;
  processId = 0;
  secretKey = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
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
    const client = new RawClient(connect(socketIn(host)));
    client.write(startup({ user: 'postgres', database, ...parameters }));
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
      await this.#news(deadline);
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

  #news(deadline: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, deadline - Date.now()));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #read(): void {
    let at = 0;
    while (this.#bytes.length - at >= 5) {
      const end = at + this.#bytes.readInt32BE(at + 1) + 1;
      if (this.#bytes.length < end) break;

      this.#take(String.fromCharCode(this.#bytes[at] ?? 0), this.#bytes.subarray(at + 5, end));
      at = end;
    }
    this.#bytes = this.#bytes.subarray(at);
  }

  #take(letter: string, body: Buffer): void {
    switch (letter) {
      case 'K':
        [this.processId, this.secretKey] = [body.readInt32BE(0), body.readInt32BE(4)];
        return;
      case 'S': {
        const [name = '', value = ''] = body.toString().split('\0');
        this.parameters.set(name, value);
        return;
      }
      case 'A':
        this.heard.push(body.toString('utf8', 4));
        break;
    }
    this.#messages.push([letter, comparable(letter, body)]);
  }
}

/** The first message of a client. */
export function startup(parameters: Readonly<Record<string, string>>): Buffer {
  const body = Buffer.from(`\0\x03\0\0${Object.entries(parameters).flat().join('\0')}\0\0`);
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

/** Object numbers and source lines differ from one server process to the next. */
function comparable(letter: string, body: Buffer): string {
  switch (letter) {
    case 'E':
    case 'N':
      return body
        .toString()
        .split('\0')
        .filter((field) => /^[SCMDHPtcn]/.test(field) && !/^H.*\(Lockstep, see/.test(field))
        .join(';');
    case 'T':
      return columns(body);
    case 'A':
      return body.toString('utf8', 4);
    default:
      return body.toString('latin1');
  }
}

/** Names, types and formats; the table's number is another one in each database. */
function columns(body: Buffer): string {
  const names: string[] = [];
  for (let at = 2; at < body.length;) {
    const end = body.indexOf(0, at);
    names.push(`${body.toString('utf8', at, end)} ${body.toString('hex', end + 5, end + 19)}`);
    at = end + 19;
  }
  return names.join(',');
}

/** Path of the one socket in a directory; the number in its name is the port. */
export function socketIn(directory: string): string {
  const name = readdirSync(directory).find((entry) => /^\.s\.PGSQL\.\d+$/.test(entry));
  if (name === undefined) throw new Error(`There is no socket in ${directory}.`);
  return join(directory, name);
}
