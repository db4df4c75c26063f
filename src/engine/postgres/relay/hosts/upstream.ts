import { after, now } from '../../../clock.js';
import { NotRunningError } from '../../../../errors.js';
import type { Hub } from '../hub/hub.js';
import type { Server } from '../hub/surroundings.js';
import type { RawConnection, ServerModule } from '../server-module.js';
import type { Backpressure, Source } from './backpressure.js';

/** How long after a loss a server may take to come back, in milliseconds: one that crashed recovers first. */
const RECOVERY = 1500;
const RETRY = 25;
/** A server that crashed takes a moment to notice; whom it lets in before, it throws out again. */
const SHOCK = 100;

/** How long clients wait for a run that has not begun to open its database, in milliseconds. */
const COMING = 1000;

/** The end of a connection at which the hub writes. */
export type BackendEnd = Server & Source;

/** What comes of a connection. */
export interface BackendEvents {
  readonly received: (chunk: Buffer) => void;
  /** It has ended; called once. */
  readonly ended: (reason: string) => void;
}

/** Takes a raw connection over: its bytes go to `events` from then on. */
export type TakeOver = (connection: RawConnection, events: BackendEvents) => BackendEnd;

/** The way from a hub to its server: opened once, connected anew after each loss. */
export class Upstream {
  readonly #hub: () => Hub;
  readonly #load: () => Promise<ServerModule>;
  readonly #server: unknown;
  /** By what name the server knows us, also after a crash. */
  readonly #holder: string;
  readonly #takeOver: TakeOver;
  readonly #backpressure: Backpressure;
  #address: unknown;
  #stop: (() => Promise<void>) | undefined;
  #opening = false;
  /** Why the last `open` has failed. */
  #failure: unknown;
  #flowing: BackendEnd | undefined;
  /** When the connection was last lost. */
  #lostAt = -Infinity;

  constructor(
    hub: () => Hub,
    { server, holder, load }: { server: unknown; holder: string; load: () => Promise<ServerModule> },
    takeOver: TakeOver,
    backpressure: Backpressure,
  ) {
    this.#hub = hub;
    this.#load = load;
    this.#server = server;
    this.#holder = holder;
    this.#takeOver = takeOver;
    this.#backpressure = backpressure;
  }

  /**
   * Finds or starts the server, and connects.
   *
   * @param again whether it is known to have been opened, by one who has ended without a word
   */
  async open(again = false): Promise<void> {
    this.#opening = true;
    this.#failure = undefined;
    try {
      const { openServer, connectUpstream } = await this.#load();
      const server = await openServer(this.#server, this.#holder, again);
      this.#stop = () => server.stop();
      const connection = await connectUpstream(server.upstream);
      this.#address = server.upstream;
      this.#attach(connection);
    } catch (error) {
      this.#failure = error;
      this.#hub().link.absent(notOpen(error));
      throw error;
    } finally {
      this.#opening = false;
    }
  }

  /** Another connection to the server, to that database: by default to that of the sandbox. */
  async another(database?: string): Promise<RawConnection> {
    const { connectUpstream } = await this.#load();
    const address = this.#address as object | undefined;
    if (address === undefined) throw new Error('the sandbox is closed');
    return await connectUpstream(database === undefined ? address : { ...address, database });
  }

  /** Connects anew; the hub is told of the connection, or that there is none. */
  async connect(): Promise<void> {
    const address = this.#address;
    if (address === undefined) return this.#expect();
    const { connectUpstream } = await this.#load();
    const early = this.#lostAt + SHOCK - now();
    if (early > 0) await pause(early);
    // Until it is closed: what comes then is nobody's.
    while (this.#address === address) {
      try {
        const connection = await connectUpstream(address);
        if (this.#address === address) this.#attach(connection);
        else connection.stream.destroy();
        return;
      } catch (error) {
        if (now() - this.#lostAt > RECOVERY) {
          this.#hub().link.unreachable(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        await pause(RETRY);
      }
    }
  }

  /** Before `open` the server is on its way, and whoever has come early is served then; if it is. */
  async #expect(): Promise<void> {
    let left = COMING;
    do {
      // At least once: whoever asks is not prepared to be answered yet.
      await pause(RETRY);
      if (this.#opening || this.#flowing !== undefined) return;
      left -= RETRY;
    } while (left > 0 && this.#failure === undefined);
    this.#hub().link.absent(notOpen(this.#failure));
  }

  #attach(connection: RawConnection): void {
    const hub = this.#hub();
    const end: BackendEnd = this.#takeOver(connection, {
      received: (chunk) => {
        if (this.#flowing === end) hub.receive(chunk);
      },
      ended: (reason) => {
        if (this.#flowing !== end) return;
        this.#let(undefined);
        this.#lostAt = now();
        hub.link.disconnected(reason);
      },
    });
    this.#let(end);
    hub.link.connected(end);
  }

  #let(end: BackendEnd | undefined): void {
    this.#flowing = end;
    this.#backpressure.source = end;
  }

  /** Disconnects, and gives the server up. */
  async close(): Promise<void> {
    const end = this.#flowing;
    this.#address = undefined;
    this.#let(undefined);
    end?.destroy();
    await this.#stop?.();
  }
}

/** Why nobody is served. */
function notOpen(cause: unknown): NotRunningError {
  return new NotRunningError({
    what: 'A connection of the app wants the sandbox, which is not open.',
    why:
      cause instanceof Error
        ? `It could not be opened: ${cause.message}`
        : 'The process that runs tests opens it before it loads their files. This one does not run tests, e.g. since it only hands files to parallel workers; or it has not come to them yet, or is done with them.',
    remedy: "Query the database in tests and hooks only; put what all tests need into the config's schema or seed.",
    cause,
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void after(milliseconds, resolve));
}
