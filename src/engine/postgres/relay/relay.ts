import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type AddressInfo, createServer, type ListenOptions, type Server as Listener, type Socket } from 'node:net';
import { join } from 'node:path';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type Command, type Event, type Reply, sendError, type WorkerData } from '../messages.js';
import { Wish, Word } from '../shared.js';
import type { Client } from './client/client.js';
import type { Line } from './client/line.js';
import { realClock } from './clock.js';
import { cutConnections, describe, leftovers } from './hub/diagnostics.js';
import { Hub } from './hub/hub.js';
import type { Server } from './hub/surroundings.js';
import { STATEMENT_CLOCK } from './overrides.js';
import { ReplySlot } from '../reply-slot.js';
import { PublishedLog } from './published-log.js';
import type { RawConnection, ServerModule } from './server-module.js';

const HEARTBEAT = 200;
/** How long after a loss a server may take to come back, in milliseconds: one that crashed recovers first. */
const RECOVERY = 1500;
const RETRY = 25;
/** A server that crashed takes a moment to notice; whom it lets in before, it throws out again. */
const SHOCK = 100;
/** Sockets, ports and the hub between them: everything that the worker does. */
export class Relay {
  readonly #data: WorkerData;
  readonly #words: Int32Array;
  readonly #hub: Hub;
  readonly #log: PublishedLog;
  readonly #probes = new Map<number, () => void>();
  #probeCount = 0;
  #received = 0;
  #ids = 0;
  #upstream: unknown;
  #stopServer: (() => Promise<void>) | undefined;
  #flowing: RawConnection | undefined;
  /** When the connection to the server was last lost. */
  #lostAt = -Infinity;
  #full = new Set<unknown>();

  constructor(data: WorkerData) {
    this.#data = data;
    this.#words = data.words;
    this.#log = new PublishedLog(data.words, (event) => this.#tell(event));
    this.#hub = new Hub({
      clock: realClock,
      words: data.words,
      patience: data.patience,
      sessionUser: data.sessionUser,
      label: data.label,
      database: data.database,
      ownDatabase: data.ownDatabase,
      overrides: data.clock === 'statement' ? STATEMENT_CLOCK : [],
      connect: () => void this.#connect(),
      catchUp: () => this.#catchUp(),
      probe: (alive) => {
        this.#probes.set((this.#probeCount += 1), alive);
        this.#tell({ kind: 'ping', id: this.#probeCount });
      },
      later: (work) => void setImmediate(work),
      log: this.#log,
      wished: (error) => this.#wished(error),
    });
  }

  /** Opens the socket. Clients that come before the server is there wait for it. */
  async listen(): Promise<void> {
    const { directory, control, password } = this.#data;
    control.on('message', (command: Command) => this.#obey(command));
    setInterval(() => Atomics.add(this.#words, Word.heartbeat, 1), HEARTBEAT);

    const byTcp = createServer((stream) => this.#accept(stream, password));
    await listening(byTcp, { port: this.#data.port, host: '127.0.0.1' });
    const { port } = byTcp.address() as AddressInfo;

    if (directory !== undefined) {
      const path = join(directory, `.s.PGSQL.${port}`);
      rmSync(path, { force: true });
      // The directory lets only its owner in.
      await listening(
        createServer((stream) => this.#accept(stream, undefined)),
        { path },
      );
    }
    Atomics.store(this.#words, Word.port, port);
    Atomics.store(this.#words, Word.ready, 1);
    Atomics.notify(this.#words, Word.ready);
  }

  // ---- clients

  #accept(stream: Socket, password: string | undefined): void {
    const line: Line = {
      password,
      write: (bytes) => {
        if (stream.destroyed || stream.write(bytes)) return;
        // A client that does not read stops the server, as it would without a relay.
        this.#full.add(stream);
        this.#flowing?.stream.pause();
      },
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      end: () => stream.end(),
      destroy: () => {
        relieved();
        stream.destroy();
      },
    };
    const client = this.#newClient(line);
    const relieved = (): void => {
      this.#full.delete(stream);
      if (this.#full.size === 0) this.#flowing?.stream.resume();
    };

    stream.setNoDelay(true);
    stream.on('data', (chunk) => client.receive(chunk));
    stream.on('drain', relieved);
    stream.on('error', () => undefined);
    stream.on('close', () => {
      relieved();
      client.disconnected();
    });
  }

  #newClient(line: Line): Client {
    this.#ids += 1;
    return this.#hub.accept(line, randomInt(1, 2 ** 31), this.#ids);
  }

  #acceptPort(port: MessagePort, slot: ReplySlot): void {
    let number = 0;
    const send = (bytes: Uint8Array | null): void => {
      number += 1;
      if (bytes === null || !slot.put(number, bytes)) port.postMessage(bytes);
      Atomics.add(this.#words, Word.piped, 1);
      Atomics.notify(this.#words, Word.piped);
    };
    const client = this.#newClient({
      password: undefined,
      write: send,
      pause: () => undefined,
      resume: () => undefined,
      end: () => send(null),
      destroy: () => send(null),
    });
    port.on('message', (bytes: Uint8Array) =>
      client.receive(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    );
    port.on('close', () => client.disconnected());
  }

  // ---- the main thread

  /** What the main thread has sent is counted where it can be seen at once; the messages come later. */
  #catchUp(): void {
    while (this.#received !== Atomics.load(this.#words, Word.sent)) {
      const next = receiveMessageOnPort(this.#data.control) as { message: Command } | undefined;
      if (next === undefined) return;
      this.#obey(next.message);
    }
  }

  #obey(command: Command): void {
    const hub = this.#hub;
    const number = (this.#received += 1);

    switch (command.kind) {
      case 'begin':
        return hub.scopes.begin(command.scope);
      case 'resume':
        return hub.scopes.resume();
      case 'end':
        return hub.scopes.end(() => this.#ended(number));
      case 'loss':
        return this.#replyLoss(number, command.past ? hub.scopes.losses.take() : hub.scopes.losses.takeOpen());
      case 'look':
        return;
      case 'wish':
        hub.turns.wish(command.sql, command.blocked);
        return hub.flush();
      case 'unwish':
        return hub.turns.unwish();
      case 'leftovers':
        return this.#reply(number, { leftovers: leftovers(hub.noticeboard.busy) });
      case 'describe':
        return this.#reply(number, { sentences: describe(hub), cut: cutConnections(hub) });
      case 'log':
        return this.#reply(number, { log: this.#log.since(command.from) });
      case 'fence':
        setImmediate(() => this.#reply(number, {}));
        return;
      case 'pipe':
        return this.#acceptPort(command.port, new ReplySlot(command.slot));
      case 'pong':
        this.#probes.get(command.id)?.();
        this.#probes.delete(command.id);
        return hub.flush();
      case 'connect':
        this.#open().then(
          () => this.#reply(number, {}),
          (error: unknown) => this.#reply(number, { error: sendError(error) }),
        );
        return;
      case 'close':
        this.#close().then(
          () => this.#reply(number, {}),
          (error: unknown) => this.#reply(number, { error: sendError(error) }),
        );
        return;
    }
  }

  #ended(number: number): void {
    Atomics.store(this.#words, Word.ended, number);
    Atomics.notify(this.#words, Word.ended);
  }

  #reply(to: number, reply: Omit<Reply, 'to'>): void {
    this.#data.replies.postMessage({ to, ...reply } satisfies Reply);
    Atomics.add(this.#words, Word.answered, 1);
    Atomics.notify(this.#words, Word.answered);
  }

  #replyLoss(to: number, lost: Error | undefined): void {
    this.#reply(to, { lost: lost && sendError(lost) });
  }

  #wished(error: Error | undefined): void {
    if (error !== undefined) this.#data.replies.postMessage({ error: sendError(error) } satisfies Reply);
    Atomics.store(this.#words, Word.wish, error === undefined ? Wish.granted : Wish.failed);
    Atomics.notify(this.#words, Word.wish);
  }

  #tell(event: Event): void {
    this.#data.events.postMessage(event);
  }

  // ---- the server

  async #module(): Promise<ServerModule> {
    return (await import(this.#data.serverModule)) as ServerModule;
  }

  async #open(): Promise<void> {
    this.#hub.scopes.open();
    const { openServer, connectUpstream } = await this.#module();
    const server = await openServer(this.#data.server, this.#data.sessionUser);
    this.#upstream = server.upstream;
    this.#stopServer = () => server.stop();
    this.#attach(await connectUpstream(this.#upstream));
  }

  async #connect(): Promise<void> {
    // Before `open` the server is on its way; whoever has come early is served then.
    if (this.#upstream === undefined) return;
    const { connectUpstream } = await this.#module();
    const early = this.#lostAt + SHOCK - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    for (;;) {
      try {
        return this.#attach(await connectUpstream(this.#upstream));
      } catch (error) {
        if (performance.now() - this.#lostAt > RECOVERY) {
          this.#hub.link.unreachable(error instanceof Error ? error : new Error(String(error)));
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY));
      }
    }
  }

  #attach(connection: RawConnection): void {
    const { stream } = connection;
    const full = {};
    this.#flowing = connection;
    const server: Server = {
      parameters: connection.parameters,
      processId: connection.processId,
      write: (bytes) => void stream.write(bytes),
      cancel: () => connection.cancel(),
      destroy: () => stream.destroy(),
    };
    const ended = (reason: string): void => {
      if (this.#flowing !== connection) return;
      this.#flowing = undefined;
      this.#full.delete(full);
      this.#lostAt = performance.now();
      this.#hub.link.disconnected(reason);
    };

    stream.on('data', (chunk: Buffer) => {
      if (this.#flowing === connection) this.#hub.receive(chunk);
    });
    stream.on('error', (error) => ended(error.message));
    stream.on('close', () => ended('the server closed the connection'));
    stream.on('end', () => ended('the server closed the connection'));
    stream.resume();
    this.#hub.link.connected(server);
  }

  async #close(): Promise<void> {
    this.#hub.scopes.close();
    const connection = this.#flowing;
    this.#flowing = undefined;
    connection?.stream.destroy();
    await this.#stopServer?.();
  }
}

function listening(server: Listener, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, resolve);
  });
}
