import { each } from '../../../each.js';
import type { CutConnection, OpenWork, ScopeName } from '../../../sandbox/vocabulary.js';
import type { Effect } from '../../../sql/effect.js';
import type { Host, Inside, StatementEvent, StatementReader, SyncConnection } from '../../engine.js';
import type { Connection } from '../connection.js';
import { MEMORY } from '../database-name.js';
import { Hub } from '../hub.js';
import type { SqliteOptions } from '../options.js';
import {
  addDatabase,
  type Claimed,
  claimedBy,
  forgetDatabase,
  isOther,
  type MemoryNames,
  nameOther,
  registry,
} from '../registry.js';
import { FollowingSession } from './following-session.js';
import type { Opener } from './opener.js';
import { startsAnew } from './starts-anew.js';

/** A database in memory beside the config's. */
interface Other {
  /** Its name in the registry. */
  readonly name: string;
  /** `anew`: of an app that was started anew. `own`: of somebody who is not the app, or of a name of its own. */
  readonly kind: 'anew' | 'own';
  /** Number of the scope in which it was first opened. */
  readonly scope: number;
  readonly claimed: Claimed;
  hub: Hub | undefined;
  /** Whether the open scopes were begun in it. */
  begun: boolean;
}

/** A scope that is open in all databases. */
interface OpenScope {
  readonly scope: ScopeName;
  readonly number: number;
  /** Names of the databases that the session has written to in it. */
  readonly prepared: Set<string>;
}

/** Bytes. Each app that is started anew costs a copy of it, and the run one. */
const LARGEST_IMAGE = 32 * 1024 ** 2;
/** Statements before which a cache's database needs no scope: what it makes when it is opened stays, as long as it is open. */
const LASTING: ReadonlySet<Effect['kind']> = new Set(['read', 'empty', 'ddl', 'pragma', 'refused']);

/**
 * The databases that are meant by `:memory:`. To SQLite each open of that name is a database of its
 * own; here most share the config's, since in production they share a file. An app that is started
 * anew and a cache that keeps something of its own in memory do not: see `startsAnew` and `Opener`.
 *
 * The scopes of all begin and end together. The session is connected to the one that the app has
 * opened last, until that is closed or the scope ends in which it was.
 */
export class MemoryDatabases implements Inside, MemoryNames {
  readonly log: StatementReader;
  readonly session: SyncConnection;
  readonly inTransit = false;
  readonly servedHere = false;
  readonly processes: readonly number[] = [];
  readonly recovering: undefined = undefined;

  readonly #main: Hub;
  readonly #claimed: Claimed;
  readonly #options: SqliteOptions;
  readonly #host: Host;
  readonly #others = new Map<string, Other>();
  readonly #open: OpenScope[] = [];
  /** Those of apps that were started anew and are connected, the last one on top. */
  #followed: readonly Other[] = [];
  #observer: ((statement: StatementEvent) => void) | undefined;
  #phase: 'setup' | 'scope' | 'rest' = 'setup';
  /** What the config's database was when the first scope began; undefined if that was too large to be kept twice. */
  #image: Buffer | undefined;
  /** Whether the app has opened one of them. */
  #opened: boolean;
  #lastScope: ScopeName = { kind: 'test', title: '' };
  /** Activity of hubs that are gone. */
  #past = 0;

  constructor(main: Hub, options: SqliteOptions, host: Host) {
    this.#main = main;
    this.#claimed = claimedBy(MEMORY);
    this.#options = options;
    this.#host = host;
    this.log = main.log;
    this.session = new FollowingSession(
      () => this.#current.session,
      () => this.#open.at(-1)?.prepared.add(this.#currentName),
    );
    this.#claimed.names = this;
    this.#opened = this.#claimed.connections.size > 0;
  }

  // ---- who means which

  get scope(): number {
    return this.#open.at(-1)?.number ?? 0;
  }

  nameFor(opener: Opener): string {
    if (opener.kind === 'package') return this.#add('own', nameOther('own'), opener.name).name;

    const name = this.#currentName;
    const { connections } = claimedBy(name);
    const anew = startsAnew({
      opener,
      scope: this.#phase === 'scope' ? this.#open.at(-1)?.number : undefined,
      connections: [...connections.values()],
      opened: this.#opened,
      byPath: this.#claimed.byPath,
      used: this.#current.used,
      prepared: this.#current.session.inTransaction || this.#open.some(({ prepared }) => prepared.has(name)),
    });
    this.#opened = true;
    if (!anew || this.#image === undefined) return name;

    const other = this.#add('anew', nameOther('anew'), this.#options.label);
    this.#followed = [...this.#followed, other];
    return other.name;
  }

  nameShared(name: string): string {
    return (this.#others.get(name) ?? this.#add('own', name)).name;
  }

  hubOf(name: string): Hub | undefined {
    let other = this.#others.get(name);
    if (other === undefined) {
      // A connection of a former run, or one that came before this one.
      if (isOther(name, 'anew')) return this.#main;
      if (!isOther(name, 'own')) return undefined;
      other = this.#add('own', name);
    }
    return other.hub ?? this.#openHub(other);
  }

  disconnected({ database }: Connection): void {
    const other = this.#others.get(database);
    if (other === undefined || other.claimed.connections.size > 0) return;

    this.#followed = this.#followed.filter((followed) => followed !== other);
    // The session may wait for the other kind just now; the scope's end removes it.
    if (other.kind === 'own') this.#remove(other);
  }

  get #currentName(): string {
    return this.#followed.at(-1)?.name ?? MEMORY;
  }

  get #current(): Hub {
    const other = this.#followed.at(-1);
    return other === undefined ? this.#main : (other.hub ?? this.#openHub(other));
  }

  // ---- the others

  #add(kind: Other['kind'], name: string, label?: string): Other {
    const claimed = addDatabase(name, label);
    const other: Other = { name, kind, scope: this.scope, claimed, hub: undefined, begun: false };

    this.#others.set(name, other);
    this.#openHub(other);
    return other;
  }

  #openHub(other: Other): Hub {
    const hub = new Hub(other.name, this.#options, this.#host, {
      bytes: other.kind === 'anew' ? this.#image : undefined,
      log: this.#main.log,
      admitting: ({ kind }) => {
        if (!other.begun && !LASTING.has(kind)) this.#beginOpen(other, hub);
      },
    });
    hub.observer = this.#observer;
    other.hub = hub;
    other.claimed.hub = hub;
    other.begun = false;
    // So that nobody takes it for something that the app has just been answered.
    this.#past -= hub.activity;
    if (other.kind === 'anew') this.#beginOpen(other, hub);
    return hub;
  }

  /** Begins all open scopes in one that comes late. */
  #beginOpen(other: Other, hub: Hub): void {
    if (this.#phase === 'setup') return;
    other.begun = true;

    for (const { scope } of this.#open) hub.begin(scope);
    if (this.#phase === 'scope') return;
    // What comes now is refused as everywhere.
    hub.begin(this.#lastScope);
    hub.end();
  }

  /** Leaves an app's connections without a hub; if one of them is used again, it begins from the image as all do. */
  #putAway(other: Other): void {
    const { hub } = other;
    if (hub === undefined) return;

    this.#past += hub.activity;
    other.hub = undefined;
    hub.close();
  }

  #remove(other: Other): void {
    this.#putAway(other);
    this.#others.delete(other.name);
    forgetDatabase(other.name);
  }

  // ---- the sandbox

  get observer(): ((statement: StatementEvent) => void) | undefined {
    return this.#observer;
  }

  set observer(observer: ((statement: StatementEvent) => void) | undefined) {
    this.#observer = observer;
    for (const hub of this.#hubs()) hub.observer = observer;
  }

  begin(scope: ScopeName): void {
    if (this.#phase === 'setup') this.#image = this.#main.image(LARGEST_IMAGE);

    const begun: Hub[] = [];
    try {
      for (const hub of this.#hubs('begun')) {
        hub.begin(scope);
        begun.push(hub);
      }
    } catch (error) {
      // It has begun in all of them or in none.
      for (const hub of begun) hub.end();
      throw error;
    }
    registry.scopes += 1;
    this.#open.push({ scope, number: registry.scopes, prepared: new Set() });
    this.#phase = 'scope';
  }

  resume(): void {
    each(this.#hubs('begun'), (hub) => hub.resume());
    if (this.#open.length > 0) this.#phase = 'scope';
  }

  end(): void {
    const ended = this.#open.at(-1);

    try {
      each(this.#hubs('begun'), (hub) => hub.end());
    } finally {
      this.#open.pop();
      this.#phase = 'rest';
      this.#lastScope = ended?.scope ?? this.#lastScope;
      this.#clear();
    }
  }

  /** Apps that were started anew in a scope that is over are former ones. */
  #clear(): void {
    const isOver = ({ scope }: Other): boolean => !this.#open.some(({ number }) => number === scope);

    for (const other of this.#others.values()) {
      if (other.kind !== 'anew' || !isOver(other)) continue;
      if (other.claimed.connections.size === 0) this.#remove(other);
      // One that was cut is told of it until it has noticed.
      else if (other.hub?.cutConnections().length === 0) this.#putAway(other);
    }
    this.#followed = this.#followed.filter((other) => !isOver(other));
  }

  functionBegins(): void {
    for (const hub of this.#hubs('begun')) hub.functionBegins();
  }

  functionOver(failed: boolean): void {
    for (const hub of this.#hubs('begun')) hub.functionOver(failed);
  }

  drain(): void {}

  get activity(): number {
    return this.#hubs().reduce((sum, hub) => sum + hub.activity, this.#past);
  }

  get reached(): boolean {
    return this.#main.reached;
  }

  leadsHere(): boolean {
    return false;
  }

  leftovers(): readonly OpenWork[] {
    // Asked at the end of every test.
    return this.#others.size === 0 ? this.#main.leftovers() : this.#hubs().flatMap((hub) => hub.leftovers());
  }

  describe(): readonly string[] {
    return this.#hubs().flatMap((hub) => hub.describe());
  }

  cutConnections(): readonly CutConnection[] {
    return this.#hubs().flatMap((hub) => hub.cutConnections());
  }

  unsafely(work: () => void): void {
    this.#main.unsafely(work);
  }

  close(): void {
    // Connections of this run are none of an app that is started in the next.
    this.#claimed.names = undefined;
    this.#claimed.connections.clear();
    this.#claimed.byPath = false;
    for (const other of this.#others.values()) {
      other.hub?.close();
      if (other.claimed.connections.size === 0) forgetDatabase(other.name);
    }
    this.#main.close();
  }

  #hubs(which: 'all' | 'begun' = 'all'): readonly Hub[] {
    if (this.#others.size === 0) return [this.#main];

    const others = [...this.#others.values()].filter(({ begun }) => which === 'all' || begun);
    return [this.#main, ...others.flatMap(({ hub }) => hub ?? [])];
  }
}
