import { OutsideError } from '../../errors.js';
import { runnerWords } from '../../runner-words.js';
import { refuseLate, stragglerError } from '../../sandbox/scope-errors.js';
import type { CutConnection, EndedOwner, OpenWork, ScopeName } from '../../sandbox/vocabulary.js';
import { SwitchedSession } from '../switched-session.js';
import type { Host, Inside, Sandbox, StatementEvent, StatementReader, SyncConnection } from '../engine.js';
import type { Connection } from './connection.js';
import type { Hub } from './hub.js';
import type { Claimed } from './registry.js';

/** What it is made of. */
interface Parts {
  /** The sandbox, whose hub is the one that is claimed. */
  readonly inside: Inside;
  readonly main: Hub;
  readonly claimed: Claimed;
  readonly host: Host;
}

/**
 * A sandbox, or while everybody is outside of it another database beside it: a copy of the sandbox's as it was before
 * the first scope, in which transactions are real, and nothing is undone but what the end of a scope finds open.
 */
export class SwitchedSandbox implements Sandbox {
  readonly log: StatementReader;
  readonly session: SyncConnection;
  readonly inTransit = false;
  readonly servedHere = false;
  readonly processes: readonly number[] = [];
  readonly recovering: undefined = undefined;

  readonly #inside: Inside;
  readonly #main: Hub;
  readonly #claimed: Claimed;
  readonly #host: Host;
  readonly #scopes: ScopeName[] = [];
  #image: Buffer | undefined;
  #outside: Hub | undefined;
  /** Title of the scope that has ended last, while none is open. */
  #ended: string | undefined;
  /** Activity of copies that are gone. */
  #past = 0;

  constructor({ inside, main, claimed, host }: Parts) {
    this.#inside = inside;
    this.#main = main;
    this.#claimed = claimed;
    this.#host = host;
    this.log = inside.log;
    this.session = new SwitchedSession(() => (this.#outside ?? inside).session);
  }

  // ---- outside

  keepForOutside(): Promise<void> {
    this.#image = this.#main.image(Infinity);
    return Promise.resolve();
  }

  goOutside(): Promise<void> {
    const image = this.#image;
    if (image === undefined) return Promise.reject(notKept());

    const outside = this.#main.copy(image, (connection, owner) => this.#admit(connection, owner));
    outside.observer = this.observer;
    this.#ended = undefined;
    this.#past -= outside.activity;
    this.#outside = outside;
    this.#claimed.hub = outside;
    return Promise.resolve();
  }

  comeBack(): Promise<void> {
    const outside = this.#outside;
    if (outside === undefined) return Promise.resolve();

    this.#outside = undefined;
    this.#past += outside.activity;
    this.#claimed.hub = this.#main;
    outside.discard();
    return Promise.resolve();
  }

  /** As the sandbox would, of which the copy knows nothing. */
  #admit({ name, lastSql = '' }: Connection, owner: EndedOwner | undefined): void {
    if (owner !== undefined) throw refuseLate(this.#host, owner, name, lastSql);
    if (this.#ended !== undefined) throw stragglerError(name, lastSql, this.#ended);
  }

  // ---- scopes

  begin(scope: ScopeName): void {
    this.#outside?.interrupt(this.#title);
    this.#inside.begin(scope);
    this.#scopes.push(scope);
    this.#ended = undefined;
  }

  resume(): void {
    this.#inside.resume();
    this.#ended = undefined;
  }

  end(): void {
    const title = this.#title;
    this.#scopes.pop();
    this.#ended = title;
    this.#outside?.interrupt(title);
    this.#inside.end();
  }

  get #title(): string {
    return this.#scopes.at(-1)?.title ?? '';
  }

  functionBegins(): void {
    this.#inside.functionBegins();
  }

  functionOver(failed: boolean): void {
    this.#inside.functionOver(failed);
  }

  // ---- both

  get observer(): ((statement: StatementEvent) => void) | undefined {
    return this.#inside.observer;
  }

  set observer(observer: ((statement: StatementEvent) => void) | undefined) {
    this.#inside.observer = observer;
    if (this.#outside !== undefined) this.#outside.observer = observer;
  }

  get activity(): number {
    return this.#inside.activity + this.#past + (this.#outside?.activity ?? 0);
  }

  leftovers(): readonly OpenWork[] {
    return this.#outside === undefined
      ? this.#inside.leftovers()
      : [...this.#inside.leftovers(), ...this.#outside.leftovers()];
  }

  describe(): readonly string[] {
    return [...this.#inside.describe(), ...(this.#outside?.describe() ?? [])];
  }

  cutConnections(): readonly CutConnection[] {
    return [...this.#inside.cutConnections(), ...(this.#outside?.cutConnections() ?? [])];
  }

  drain(): void {
    this.#inside.drain();
  }

  get reached(): boolean {
    return this.#inside.reached;
  }

  leadsHere(): boolean {
    return false;
  }

  unsafely(work: () => void): void {
    this.#inside.unsafely(work);
  }

  async close(): Promise<void> {
    await this.comeBack();
    await this.#inside.close();
  }
}

function notKept(): OutsideError {
  const { outsideCall } = runnerWords();
  return new OutsideError({
    what: `${outsideCall} needs a database of its own, and none can be made.`,
    why: `What the database was before the first test was not kept: no describe that uses ${outsideCall} was loaded then.`,
    remedy: `Call ${outsideCall} in the function that is given to describe, and not later.`,
  });
}
