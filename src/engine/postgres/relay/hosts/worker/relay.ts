import { randomInt } from 'node:crypto';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { Wish, Word } from '../../../shared.js';
import type { Client } from '../../client/client.js';
import type { Line } from '../../client/line.js';
import { clock } from '../../../../clock.js';
import { cutConnections, describe, leftovers } from '../../hub/diagnostics.js';
import { Hub } from '../../hub/hub.js';
import { STATEMENT_CLOCK } from '../../overrides.js';
import { PublishedLog } from '../../published-log.js';
import type { ServerModule } from '../../server-module.js';
import { Backpressure } from '../backpressure.js';
import { Listener } from '../listener.js';
import { type Receiver, serveSocket } from '../socket-line.js';
import { Upstream } from '../upstream.js';
import { Outside } from '../../outside/outside.js';
import { type Command, type Event, type Reply, sendError, type WorkerData } from './messages.js';
import { ReplySlot } from './reply-slot.js';
import { takeOverStream } from './stream-end.js';
import { setImmediate, setInterval, setTimeout } from '../../../../../real-time.js';

const HEARTBEAT = 200;

/** Sockets, ports and the hub between them: everything that the worker does. */
export class Relay {
  readonly #data: WorkerData;
  readonly #words: Int32Array;
  readonly #hub: Hub;
  readonly #outside: Outside;
  readonly #log: PublishedLog;
  readonly #probes = new Map<number, () => void>();
  #probeCount = 0;
  #received = 0;
  #ids = 0;
  readonly #backpressure = new Backpressure();
  readonly #upstream: Upstream;

  constructor(data: WorkerData) {
    this.#data = data;
    this.#words = data.words;
    this.#log = new PublishedLog(data.words, (statement) =>
      this.#tell({ kind: 'statements', statements: [statement] }),
    );
    this.#hub = new Hub({
      clock,
      words: data.words,
      patience: data.patience,
      sessionUser: data.sessionUser,
      label: data.label,
      database: data.database,
      ownDatabase: data.ownDatabase,
      identities: data.identities,
      overrides: data.clock === 'statement' ? STATEMENT_CLOCK : [],
      connect: () => void this.#upstream.connect(),
      catchUp: () => this.#catchUp(),
      behind: () => this.#received !== Atomics.load(this.#words, Word.sent),
      probe: (alive) => {
        this.#probes.set((this.#probeCount += 1), alive);
        this.#tell({ kind: 'ping', id: this.#probeCount });
      },
      debugging: () => Atomics.load(this.#words, Word.debugged) === 1,
      later: (work) => void setImmediate(work),
      cancelOutside: (client) => this.#outside.cancel(client),
      log: this.#log,
      wished: (error) => this.#wished(error),
      // What comes by a real socket has left its context behind: nothing is known to be late.
      refused: () => undefined,
    });
    const load = async (): Promise<ServerModule> => (await import(data.serverModule)) as ServerModule;
    this.#upstream = new Upstream(
      () => this.#hub,
      { server: data.server, holder: data.sessionUser, load },
      takeOverStream,
      this.#backpressure,
    );
    this.#outside = new Outside({
      hub: () => this.#hub,
      connect: (database) => this.#upstream.another(database),
      takeOver: takeOverStream,
      ...data.patience,
      after: (milliseconds, work) => void setTimeout(work, milliseconds),
      afterBlocked: (milliseconds, work) => void clock.after(milliseconds, work),
    });
  }

  /** Opens the socket. Clients that come before the server is there wait for it. */
  async listen(): Promise<void> {
    const { directory, control, password } = this.#data;
    control.on('message', (command: Command) => this.#obey(command));
    setInterval(() => Atomics.add(this.#words, Word.heartbeat, 1), HEARTBEAT);

    const { port } = await Listener.open({ directory, port: this.#data.port }, (stream, anybody) =>
      serveSocket(stream, anybody ? password : undefined, this.#backpressure, (line) => this.#newClient(line)),
    );
    Atomics.store(this.#words, Word.port, port);
    Atomics.store(this.#words, Word.ready, 1);
    Atomics.notify(this.#words, Word.ready);
  }

  // ---- clients

  #newClient(line: Line): Receiver {
    return this.#outside.accept(line, (inside) => this.#newInside(inside));
  }

  #newInside(line: Line): Client {
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
      case 'functionBegins':
        this.#outside.functionBegins();
        return hub.scopes.functionBegins();
      case 'functionOver':
        this.#outside.functionOver(command.failed);
        return hub.scopes.functionOver(command.failed);
      case 'end':
        this.#outside.endScope();
        return hub.scopes.end(() => this.#ended(number));
      case 'loss':
        return this.#replyLoss(number, command.past ? hub.scopes.losses.take() : hub.scopes.losses.takeOpen());
      case 'look':
        return;
      case 'wish':
        hub.turns.wish(command.sql, command.blocked);
        return hub.flush();
      case 'unwish':
        hub.turns.unwish();
        return this.#reply(number, {});
      case 'leftovers':
        return this.#reply(number, { leftovers: leftovers(hub.noticeboard) });
      case 'describe':
        return this.#reply(number, { sentences: describe(hub), cut: cutConnections(hub) });
      case 'log':
        return this.#reply(number, { log: this.#log.since(command.from) });
      case 'fence':
        // The loop may have asked what there is to read before this was sent: it does once more.
        setImmediate(() => setImmediate(() => this.#reply(number, {})));
        return;
      case 'pipe':
        return this.#acceptPort(command.port, new ReplySlot(command.slot));
      case 'pong':
        this.#probes.get(command.id)?.();
        this.#probes.delete(command.id);
        return hub.flush();
      case 'connect':
        return this.#replyTo(number, this.#open(command.again));
      case 'outside':
        return this.#replyTo(number, this.#outside[command.step]());
      case 'close':
        return this.#replyTo(number, this.#close());
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

  #replyTo(to: number, work: Promise<void>): void {
    work.then(
      () => this.#reply(to, {}),
      (error: unknown) => this.#reply(to, { error: sendError(error) }),
    );
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

  async #open(again: boolean): Promise<void> {
    this.#hub.scopes.open();
    await this.#upstream.open(again);
  }

  async #close(): Promise<void> {
    await this.#outside.close();
    this.#hub.scopes.close();
    await this.#upstream.close();
  }
}
