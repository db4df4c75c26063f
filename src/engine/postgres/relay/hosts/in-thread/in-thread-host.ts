import { randomInt } from 'node:crypto';
import type { Host, Sandbox } from '../../../../engine.js';
import { after, soon } from '../../../../clock.js';
import { inspector } from '../../../../inspector.js';
import { ConfigError } from '../../../../../errors.js';
import { socketPath } from '../../../server/upstream.js';
import { newWords } from '../../../shared.js';
import type { Client } from '../../client/client.js';
import type { Line } from '../../client/line.js';
import { Hub } from '../../hub/hub.js';
import { STATEMENT_CLOCK } from '../../overrides.js';
import { PublishedLog } from '../../published-log.js';
import type { RawConnection, ServerModule } from '../../server-module.js';
import { Backpressure } from '../backpressure.js';
import type { RelayHost, RelayStart, SessionAddress } from '../host.js';
import { Listener, LOOPBACK } from '../listener.js';
import { type Receiver, serveSocket } from '../socket-line.js';
import { type BackendEvents, Upstream } from '../upstream.js';
import { watchConnect } from '../watch-connect.js';
import { BackendSocket } from './backend-socket.js';
import { block } from './block.js';
import { DeferredWork } from './deferred-work.js';
import { HostClock } from './host-clock.js';
import { type Contexts, MemoryLine, type Ticks } from './memory-line.js';
import { InThreadSandbox } from './sandbox.js';
import { Outside } from '../../outside/outside.js';
import { nextTick } from '../../../../../real-time.js';

/** For how long one look of a blocked thread lasts at most, in milliseconds; twice as much is counted at most. */
const SLICE = 100;

/**
 * The hub in the thread of the tests. The app of this process reaches it through memory, other
 * processes and threads by a real socket, the session by calls.
 *
 * There is one thread, so there is one order of things: what the app has sent has been seen, a scope
 * that has begun has begun for everybody.
 */
export class InThreadHost implements RelayHost {
  readonly address: SessionAddress;
  readonly hub: Hub;
  readonly outside: Outside;
  readonly words: Int32Array = newWords();
  readonly clock: HostClock = new HostClock();
  readonly #start: RelayStart;
  readonly #log: PublishedLog;
  readonly #deferred = new DeferredWork();
  readonly #backpressure = new Backpressure();
  readonly #upstream: Upstream;
  readonly #listener: Listener;
  readonly #leaveSockets: () => void;
  readonly #lines = new Set<MemoryLine>();
  /** As they are before any test has faked them. */
  readonly #ticks: Ticks = { nextTick, setImmediate: soon };
  /** Whoever runs the tests comes with the first sandbox, connections may come before. */
  readonly #contexts: Contexts = {
    endedOwner: () => this.#host?.endedOwner(),
    asNobody: (work) => this.#host?.asNobody(work) ?? work(),
  };
  #sandbox: InThreadSandbox | undefined;
  #host: Host | undefined;
  #socket: BackendSocket | undefined;
  #connecting: Promise<void> | undefined;
  #ids = 0;
  #distant = 0;

  static async start(start: RelayStart): Promise<InThreadHost> {
    // Nobody knows of the socket before the host is there.
    const hosts: InThreadHost[] = [];
    const listener = await Listener.open({ directory: start.directory, port: 0 }, (stream, anybody) => {
      // It keeps no process alive: whoever is at the other end does.
      stream.unref();
      for (const host of hosts) host.#serve(stream, anybody);
    });
    listener.unref();
    const host = new InThreadHost(start, listener);
    hosts.push(host);
    return host;
  }

  private constructor(start: RelayStart, listener: Listener) {
    const { options, directory, password, sessionUser: user, serverModule } = start;
    const { stallTimeout, holdTimeout, label, ownDatabase = false, clock, identities = 'keep' } = options;

    this.#start = start;
    this.#listener = listener;
    this.#log = new PublishedLog(this.words, (statement) => this.#sandbox?.tell(statement));
    this.address = { host: directory ?? LOOPBACK, port: listener.port, user, password, database: options.database };
    this.hub = new Hub({
      clock: this.clock,
      words: this.words,
      patience: { stallTimeout, holdTimeout },
      sessionUser: user,
      label,
      database: options.database,
      ownDatabase,
      identities,
      overrides: clock === 'statement' ? STATEMENT_CLOCK : [],
      connect: () => void this.#connect(),
      catchUp: () => undefined,
      behind: () => false,
      probe: soon,
      debugging: inspector,
      later: (work) => this.#deferred.add(work),
      cancelOutside: (client) => this.outside.cancel(client),
      log: this.#log,
      wished: (error) => this.#sandbox?.wished(error),
      refused: (late) => this.#host?.refused(late),
    });
    this.#upstream = new Upstream(
      () => this.hub,
      {
        server: options.server,
        holder: user,
        load: async () => (await import(serverModule)) as ServerModule,
      },
      (connection, events) => this.#takeOver(connection, events),
      this.#backpressure,
    );
    this.outside = new Outside({
      hub: () => this.hub,
      connect: (database) => this.#upstream.another(database),
      takeOver: takeOverAside,
      stallTimeout,
      holdTimeout,
      after: (milliseconds, work) => void after(milliseconds, work),
      afterBlocked: (milliseconds, work) => void this.clock.after(milliseconds, work),
    });
    this.#leaveSockets = watchConnect({
      port: listener.port,
      path: directory === undefined ? undefined : socketPath(directory, listener.port),
      // By the port a password is asked for, whoever comes: an app with a wrong URL shall learn of it.
      connecting: (socket, by) => {
        new MemoryLine(socket, by === 'port' ? password : undefined, this.accept, this.#lineParts);
        return true;
      },
    });
  }

  async open(host: Host): Promise<Sandbox> {
    this.#host = host;
    this.hub.scopes.open();
    await this.#upstream.open();
    await this.#ready();
    this.#sandbox = new InThreadSandbox(this, host, this.#start);
    return this.#sandbox;
  }

  /** Gives the server up; whoever is connected stays so, for the next run. */
  async close(): Promise<void> {
    await this.outside.close();
    this.hub.scopes.close();
    await this.#upstream.close();
  }

  end(): void {
    this.#leaveSockets();
    this.#listener.close();
    void this.#sandbox?.close();
  }

  get log(): PublishedLog {
    return this.#log;
  }

  /** Lines of this process that are being opened, or have answers that the app has not got yet. */
  get activeLines(): ReadonlySet<MemoryLine> {
    return this.#lines;
  }

  /** How many clients are connected by real sockets. */
  get distantClients(): number {
    return this.#distant;
  }

  /** A connection to the server that is being made anew; undefined where there is nothing to wait for. */
  get connecting(): Promise<void> | undefined {
    return this.#connecting;
  }

  /** A client has come. */
  readonly accept = (line: Line): Receiver => this.outside.accept(line, this.#acceptInside);

  readonly #acceptInside = (line: Line): Client => {
    this.#ids += 1;
    return this.hub.accept(line, randomInt(1, 2 ** 31), this.#ids);
  };

  /**
   * Blocks the thread until `done()`, taking what the server sends, and letting no time count that was
   * not waited, e.g. while the process was stopped.
   */
  readonly block = (done: () => boolean, milliseconds: number): void => {
    let left = milliseconds;

    for (;;) {
      this.#deferred.run();
      this.clock.fireDue();
      if (this.hub.link.cancelling) this.#socket?.finishCancelling();
      this.hub.flush();
      if (done() || left <= 0) return;

      const slice = Math.min(left, SLICE, Math.max(0.1, this.clock.untilNext));
      const began = this.clock.now();
      const outside = this.#outsideSocket;
      if (outside !== undefined) {
        outside.finishCancelling();
        outside.receiveWithin(slice);
      } else if (this.#socket === undefined || !this.hub.link.attached) {
        // Nothing can come but a timer; and what connects anew needs the loop.
        if (!Number.isFinite(this.clock.untilNext)) return;
        block(slice);
      } else this.#socket.receiveWithin(slice);
      left -= Math.min(this.clock.now() - began, 2 * SLICE);
    }
  };

  /** Where an answer is awaited outside of the sandbox. */
  get #outsideSocket(): BackendSocket | undefined {
    const end = this.outside.awaitedEnd;
    return end instanceof BackendSocket ? end : undefined;
  }

  get #lineParts(): ConstructorParameters<typeof MemoryLine>[3] {
    return {
      contexts: this.#contexts,
      ticks: this.#ticks,
      backpressure: this.#backpressure,
      events: {
        active: (line) => void this.#lines.add(line),
        idle: (line) => void this.#lines.delete(line),
      },
    };
  }

  #serve(stream: Parameters<typeof serveSocket>[0], anybody: boolean): void {
    this.#distant += 1;
    stream.once('close', () => (this.#distant -= 1));
    serveSocket(stream, anybody ? this.#start.password : undefined, this.#backpressure, this.accept);
  }

  async #connect(): Promise<void> {
    this.#connecting = this.#upstream.connect().then(() => this.#ready());
    await this.#connecting;
    this.#connecting = undefined;
  }

  /** A connection that has been made is ready for clients, or gone. */
  async #ready(): Promise<void> {
    const { link } = this.hub;
    if (link.connecting) await new Promise<void>((resolve) => link.whenOpen(() => resolve()));
  }

  #takeOver(connection: RawConnection, events: BackendEvents): BackendSocket {
    if (!BackendSocket.canTake(connection)) throw encrypted();
    const socket = new BackendSocket(connection, {
      received: (chunk) => {
        events.received(chunk);
        if (this.hub.real.idle) socket.rest();
      },
      ended: events.ended,
    });
    this.#socket = socket;
    return socket;
  }
}

/** Another connection than that of all. */
function takeOverAside(connection: RawConnection, events: BackendEvents & { idle(): boolean }): BackendSocket {
  if (!BackendSocket.canTake(connection)) throw encrypted();
  const socket = new BackendSocket(connection, {
    received: (chunk) => {
      events.received(chunk);
      if (events.idle()) socket.rest();
    },
    ended: events.ended,
  });
  return socket;
}

function encrypted(): ConfigError {
  return new ConfigError({
    what: "database.host is 'in-thread', but the connection to the server cannot be read from there.",
    why: 'It is encrypted (TLS), or it has no descriptor of its own, and a blocked thread could not take what the server sends.',
    remedy: "Leave database.host out, or set it to 'worker'; or switch TLS off: sslmode=disable.",
  });
}
