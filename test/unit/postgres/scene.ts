import { Hub } from '#src/engine/postgres/relay/hub/hub.js';
import { PublishedLog } from '#src/engine/postgres/relay/published-log.js';
import { newWords, Word } from '#src/engine/postgres/shared.js';
import { client, messages, server, told } from './messages.js';

/** A client of the hub, without a socket. */
export interface Actor {
  send(...parts: readonly Buffer[]): void;
  /** What it was told since it was asked last. */
  told(): string[];
  readonly ended: boolean;
  leave(): void;
}

/** A hub with a server that answers what it is told to, when it is told to. */
export class Scene {
  readonly words: Int32Array = newWords();
  readonly hub: Hub;
  /** Whether the server answers at once. */
  prompt = true;
  #now = 0;
  #timers: { readonly at: number; readonly run: () => void }[] = [];
  #later: (() => void)[] = [];
  #packets: Buffer[] = [];
  #unanswered: Buffer[] = [];
  #status: 'I' | 'T' | 'E' = 'I';
  #skipping = false;
  readonly #prepared = new Map<string, string>();
  #bound = '';
  #clients = 0;

  constructor({ identities = 'keep' }: { readonly identities?: 'keep' | 'restart' } = {}) {
    this.hub = new Hub({
      clock: {
        now: () => this.#now,
        after: (delay, run) => {
          const timer = { at: this.#now + delay, run };
          this.#timers.push(timer);
          return () => (this.#timers = this.#timers.filter((other) => other !== timer));
        },
      },
      words: this.words,
      patience: { stallTimeout: 100, holdTimeout: 1000 },
      sessionUser: 'the session',
      label: undefined,
      database: 'shop',
      identities,
      overrides: [],
      ownDatabase: true,
      connect: () => this.#later.push(() => this.connect()),
      catchUp: () => undefined,
      behind: () => false,
      probe: (alive) => alive(),
      debugging: () => false,
      later: (work) => this.#later.push(work),
      log: new PublishedLog(this.words, () => undefined),
      wished: () => undefined,
      refused: () => undefined,
      cancelOutside: () => false,
    });
    this.connect();
    this.settle();
    this.sent();
  }

  connect(): void {
    this.#status = 'I';
    this.#skipping = false;
    this.#prepared.clear();
    this.hub.link.connected({
      parameters: new Map([['TimeZone', 'UTC']]),
      processId: 1,
      write: (bytes) => {
        this.#packets.push(bytes);
        this.#unanswered.push(bytes);
        if (this.prompt) this.#later.push(() => this.answer());
      },
      cancel: (done) => done(),
      destroy: () => undefined,
    });
  }

  /** A client that has been let in. */
  enter(user = 'lockstep', parameters: Readonly<Record<string, string>> = {}): Actor {
    let out: Buffer[] = [];
    let ended = false;
    const end = (): void => void (ended = true);
    this.#clients += 1;
    const virtual = this.hub.accept(
      {
        password: undefined,
        write: (bytes) => out.push(bytes),
        pause: () => undefined,
        resume: () => undefined,
        end,
        destroy: end,
      },
      7,
      this.#clients,
    );
    const actor: Actor = {
      send: (...parts) => {
        virtual.receive(Buffer.concat(parts));
        this.settle();
      },
      told: () => {
        const bytes = Buffer.concat(out);
        out = [];
        return told(bytes);
      },
      get ended() {
        return ended;
      },
      leave: () => {
        virtual.disconnected();
        this.settle();
      },
    };

    actor.send(client.startup({ user, database: 'shop', ...parameters }));
    actor.told();
    return actor;
  }

  /** Begins a scope; nothing is sent. */
  begin(title = 'a test', kind: 'test' | 'layer' = 'test'): void {
    this.hub.scopes.begin({ kind, title });
    this.settle();
  }

  /** Ends it; gives the error that it ends with, or `pending` while it waits. */
  end(): Error | undefined | 'pending' {
    return this.ending()();
  }

  /** Ends it; the function tells how it has ended, as soon as it has. */
  ending(): () => Error | undefined | 'pending' {
    let outcome: Error | undefined | 'pending' = 'pending';
    this.hub.scopes.end(() => (outcome = this.hub.scopes.losses.take()));
    this.settle();
    return () => outcome;
  }

  /** Packets that the server got since it was asked last, each a list of messages. */
  sent(): string[][] {
    const packets = this.#packets;
    this.#packets = [];
    return packets.map(told);
  }

  word(word: keyof typeof Word): number {
    return Atomics.load(this.words, Word[word]);
  }

  /** Time passes. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      this.settle();
    }
    this.#now = end;
  }

  /** Does what was put off, until nothing is left to do. */
  settle(): void {
    for (let work = this.#later.shift(); work !== undefined; work = this.#later.shift()) work();
  }

  /** The server answers everything that it has got. */
  answer(): void {
    const asked = this.#unanswered;
    this.#unanswered = [];
    const bytes = Buffer.concat(asked.flatMap((packet) => messages(packet).map((one) => this.#reply(one))));
    if (bytes.length > 0) this.hub.receive(bytes);
  }

  /** Bytes that nobody asked for. */
  say(bytes: Buffer): void {
    this.hub.receive(bytes);
    this.settle();
  }

  /** Like a server, as far as the tests go: what has `fail` in it fails, and `escape` ends the transaction. */
  #reply({ type, body }: { readonly type: string; readonly body: Buffer }): Buffer {
    const text = body.toString('latin1').split('\0');
    const sync = (): Buffer => server.ready(this.#status);
    if (type === 'S') {
      this.#skipping = false;
      return sync();
    }
    if (this.#skipping) return Buffer.alloc(0);

    switch (type) {
      case 'Q':
        return Buffer.concat([...this.#script(text[0] ?? ''), sync()]);
      case 'P':
        if (/bad/.test(text[1] ?? '') || this.#refuses(text[1] ?? '')) return this.#fail();
        this.#prepared.set(text[0] ?? '', text[1] ?? '');
        return server.parsed;
      case 'B': {
        const bound = this.#prepared.get(text[1] ?? '');
        if (bound === undefined || this.#refuses(bound)) return this.#fail();
        this.#bound = bound;
        return server.bound;
      }
      case 'E':
        if (/fail/.test(this.#bound) || this.#refuses(this.#bound)) return this.#fail();
        if (this.#bound.startsWith('ROLLBACK TO')) this.#status = 'T';
        return server.complete('SELECT 0');
      case 'C':
        return server.closed;
      default:
        return Buffer.alloc(0);
    }
  }

  /** A transaction that has failed runs nothing but what ends it. */
  #refuses(sql: string): boolean {
    return this.#status === 'E' && !sql.startsWith('ROLLBACK');
  }

  #script(sql: string): Buffer[] {
    const out: Buffer[] = [];
    for (const statement of sql.split(';').map((part) => part.trim())) {
      if (statement === '') continue;
      if (statement.includes('fail') || this.#refuses(statement)) return [...out, this.#error()];
      if (statement.includes('escape')) this.#status = 'I';
      if (statement.startsWith('BEGIN')) this.#status = 'T';
      if (statement.startsWith('ROLLBACK')) this.#status = statement === 'ROLLBACK' ? 'I' : 'T';
      if (/^select /i.test(statement)) out.push(server.columns);
      out.push(server.complete(statement.split(' ')[0] ?? ''));
    }
    return out;
  }

  #fail(): Buffer {
    this.#skipping = true;
    return this.#error();
  }

  #error(): Buffer {
    if (this.#status === 'T') this.#status = 'E';
    return server.error('42601', 'it failed');
  }
}
