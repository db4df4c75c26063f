import type { Socket } from 'node:net';
import { watchConnect } from '../watch-connect.js';

/** The sockets of this process that lead to a relay, and how much they have written. */
export class SocketsHere {
  readonly #open = new Set<Socket>();
  readonly #stop: () => void;
  /** Bytes of those that have closed. */
  #before = 0;

  /** Watches for sockets that connect to the relay: to its port, or its Unix socket. */
  constructor(port: number, path: string | undefined) {
    this.#stop = watchConnect({
      port,
      path,
      connecting: (socket) => {
        this.#note(socket);
        return false;
      },
    });
  }

  #note(socket: Socket): void {
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#before += socket.bytesWritten;
    });
  }

  /** Bytes, those that wait to be written included; a connection that is being opened counts as one. */
  written(): number {
    let sum = this.#before;
    for (const socket of this.#open) sum += socket.bytesWritten + (socket.connecting ? 1 : 0);
    return sum;
  }

  /** How many the app has closed, and has not been told that they are. */
  get closing(): number {
    let count = 0;
    for (const socket of this.#open) if (socket.writableEnded) count += 1;
    return count;
  }

  stop(): void {
    this.#stop();
  }
}
