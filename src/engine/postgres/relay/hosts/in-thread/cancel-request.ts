import { connect, type Socket } from 'node:net';
import { after, now } from '../../../../clock.js';
import { cancelRequest } from '../../../wire/frontend.js';
import type { RawConnection } from '../../server-module.js';
import { block } from './block.js';
import { type Descriptor, descriptor, descriptorOf, LATER } from './descriptor.js';

/** How long the server may take to take the request, in milliseconds. */
const LIMIT = 2_000;
/** Between two tries to write, on a connection that is still being made, in milliseconds. */
const PAUSE = 0.1;
/** A name that nobody looks up: the address is known. */
const NAMELESS = 'lockstep.invalid';

/**
 * Asks the server to cancel what runs; see "Canceling Requests in Progress" in the Postgres manual: a
 * connection of its own, which the server closes when it has got the request.
 *
 * The event loop brings it to its end, or `finishNow` with the thread blocked, where the loop stands
 * still and somebody waits for just that. Node begins to connect within the call where no name has to
 * be looked up, and the descriptor is there then.
 */
export class CancelRequest {
  readonly #socket: Socket;
  readonly #descriptor: Descriptor | undefined;
  readonly #stopTimer: () => void;
  #rest: Buffer;
  #done: ((request: CancelRequest) => void) | undefined;

  /** @param done is called once, when the server has got the request or cannot be reached. */
  constructor(stream: Socket, { path, processId, secretKey }: RawConnection, done: (request: CancelRequest) => void) {
    this.#rest = cancelRequest(processId, secretKey);
    this.#done = done;
    this.#socket = path === undefined ? toSameAddress(stream) : connect(path);

    const fd = descriptorOf(this.#socket);
    this.#descriptor = fd === undefined ? undefined : descriptor(fd);
    this.#stopTimer = after(LIMIT, () => this.#end());
    this.#socket
      .on('connect', () => this.#write())
      .on('error', () => this.#end())
      .on('close', () => this.#end())
      .resume();
    this.#write();
  }

  /** Whether the server has got it, or cannot be reached. */
  get over(): boolean {
    return this.#done === undefined;
  }

  /** Blocks until it is done. */
  finishNow(): void {
    const limit = now() + LIMIT;

    while (this.#done !== undefined && this.#rest.length > 0 && now() < limit) {
      this.#write();
      if (this.#rest.length > 0) block(PAUSE);
    }
    try {
      const into = Buffer.alloc(1);
      while (this.#done !== undefined && (this.#descriptor?.readWithin(into, Math.max(0, limit - now())) ?? 0) > 0);
    } catch {
      // Its end is its end, however it has come.
    }
    this.#end();
  }

  #write(): void {
    try {
      const written = this.#rest.length === 0 ? 0 : (this.#descriptor?.write(this.#rest) ?? LATER);
      if (written !== LATER) this.#rest = this.#rest.subarray(written);
    } catch {
      // A server that cannot be reached has nothing to cancel.
      this.#end();
    }
  }

  #end(): void {
    const done = this.#done;
    this.#done = undefined;
    this.#stopTimer();
    this.#socket.destroy();
    done?.(this);
  }
}

function toSameAddress({ remoteAddress = '', remotePort = 0, remoteFamily }: Socket): Socket {
  const family = remoteFamily === 'IPv6' ? 6 : 4;

  return connect({
    host: NAMELESS,
    port: remotePort,
    autoSelectFamily: false,
    lookup: (_name, _options, found) => found(null, remoteAddress, family),
  });
}
