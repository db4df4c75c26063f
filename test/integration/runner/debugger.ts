import type { Readable } from 'node:stream';
import { WebSocket } from 'ws';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: unknown;
  readonly params?: { readonly callFrames?: readonly { readonly callFrameId: string }[] };
}

/** What an editor is to a process that was started with --inspect-brk. */
export class Debugger {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (result: unknown) => void>();
  readonly #pauses: string[] = [];
  #waiting: ((callFrameId: string) => void) | undefined;
  #last = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#receive(JSON.parse(data.toString()) as Message));
    socket.on('error', () => undefined);
  }

  /** Attaches to the process whose stderr tells where it listens. */
  static async attach(stderr: Readable): Promise<Debugger> {
    const url = await new Promise<string>((resolve) => {
      let text = '';
      stderr.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const found = /ws:\/\/\S+/.exec(text);
        if (found) resolve(found[0]);
      });
    });
    const socket = new WebSocket(url);

    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new Debugger(socket);
  }

  send(method: string, params: object = {}): Promise<unknown> {
    this.#last += 1;
    const id = this.#last;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  /** The innermost call frame of the next stop. */
  paused(): Promise<string> {
    const frame = this.#pauses.shift();
    if (frame !== undefined) return Promise.resolve(frame);
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  close(): void {
    this.#socket.close();
  }

  #receive({ id, method, result, params }: Message): void {
    if (id !== undefined) this.#answers.get(id)?.(result);
    if (method !== 'Debugger.paused') return;

    const frame = params?.callFrames?.[0]?.callFrameId ?? '';
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(frame);
    else this.#pauses.push(frame);
  }
}
