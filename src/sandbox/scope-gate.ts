import type { Effect } from '../sql/effect.js';
import { type EndedScope, Layers } from './layers.js';
import { type Loss, LostWork } from './lost-work.js';
import { abandonedError, cutError, refuseLate, stragglerError } from './scope-errors.js';
import type { VirtualTransaction } from './virtual-transaction.js';
import type { CutConnection, EndedOwner, LateStatement, ScopeName } from './vocabulary.js';

/** What the gate has to know of a virtual connection. */
export interface GatedConnection {
  readonly name: string;
  readonly lastSql: string | undefined;
  readonly transaction: VirtualTransaction;
  /** Ends the transaction that the client believes in: the connection has a new owner. */
  reset(): void;
}

/** Why a connection was cut. */
interface Cut {
  /** The test at whose end it happened. */
  readonly title: string;
  /** The loss that it was cut for; undefined if it was the end of that test. */
  readonly lost: Error | undefined;
}

/**
 * Which statements of which connections are let in: those that belong to the scope that is open.
 *
 * **Phases.** Until the first `begin` transactions are real, and what is done stays (`setup`). From then on
 * everything runs inside one outer transaction: in a scope, or between two scopes (`rest`), where everything
 * is refused.
 *
 * **Cut connections.** A connection that has a transaction open when a scope ends is cut. The app
 * still believes in that transaction, and a continuation of the ended test may go on with it; so
 * each of its statements fails with StragglerError, until the app has finished the transaction with
 * COMMIT or ROLLBACK (which fail too: the work is gone). From there on the connection is as good as
 * new, which is what a pool expects of a connection that was given back. BEGIN also makes it new:
 * nobody begins a transaction inside one, so it comes from a new owner.
 */
export class ScopeGate<Connection extends GatedConnection> {
  readonly layers: Layers = new Layers();
  readonly lost: LostWork;
  readonly #cuts = new Map<Connection, Cut>();
  /** Of the open test, the transactions that its hooks had begun before its function: their numbers. */
  #before: ReadonlyMap<Connection, number | undefined> = new Map();
  #yielding = false;
  /** Whose transactions were undone before the test's end; whether that is nobody's fault. */
  readonly #abandoned = new Map<Connection, { readonly forgiven: boolean }>();
  #phase: 'setup' | 'scope' | 'rest' | 'closed' = 'setup';
  #epoch = 0;

  readonly #refused: (late: LateStatement) => void;

  /**
   * @param refused is told of each statement that was refused because its owner's scope was over
   * @param lossChanged as of `LostWork`
   */
  constructor(refused: (late: LateStatement) => void, lossChanged?: (loss: Loss) => void) {
    this.#refused = refused;
    this.lost = new LostWork(lossChanged);
  }

  /** Whether transactions are real still. */
  get settingUp(): boolean {
    return this.#phase === 'setup';
  }

  /** Goes up with the end and the begin of a scope, so that a statement can be told that was sent before or in between. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Title of the scope that is open, or of the one that has ended last. */
  get title(): string | undefined {
    return this.layers.current?.title ?? this.layers.lastEnded;
  }

  // ---- phases

  /** Begins a scope inside the current one. */
  begin(scope: ScopeName): void {
    this.layers.begin(scope);
    this.#before = new Map();
    this.#yielding = false;
    this.#enter();
    this.lost.begun();
  }

  /** Opens the gate for the innermost scope again. */
  resume(): void {
    this.lost.begun();
    if (this.#phase === 'rest' && this.layers.current !== undefined) this.#enter();
  }

  #enter(): void {
    if (this.#phase === 'rest') this.#epoch += 1;
    this.#phase = 'scope';
  }

  /** Shuts the gate; the scope's work is there still. */
  rest(): void {
    for (const connection of this.#abandoned.keys()) if (connection.transaction.hollow) this.cut(connection);
    this.#abandoned.clear();
    this.#yielding = false;
    this.#phase = 'rest';
    this.#epoch += 1;
  }

  /** Ends the innermost scope; what is returned undoes its work. */
  end(): EndedScope {
    return this.layers.end();
  }

  /** Ends all scopes, for good or until `reopen`. Their work goes with the real connection. */
  close(): void {
    this.#phase = 'closed';
    this.#epoch += 1;
    while (this.layers.current !== undefined) this.layers.end();
    this.lost.take();
  }

  /** Whether everything is refused: between two scopes, and when it has been closed. */
  get shut(): boolean {
    return this.#phase === 'rest' || this.#phase === 'closed';
  }

  /** Whether the gate has been closed. */
  get closed(): boolean {
    return this.#phase === 'closed';
  }

  /** Another run begins, with the same connections. */
  reopen(): void {
    if (this.#phase === 'closed') this.#phase = 'setup';
  }

  // ---- a test's function and its hooks

  /** The function of the test begins: what is open is its hooks'. */
  functionBegins(open: Iterable<Connection>): void {
    this.#before = new Map([...open].map((connection) => [connection, connection.transaction.number]));
  }

  /** The function is over: what it has left open gives way to whoever needs the database. */
  functionOver(): void {
    this.#yielding = true;
  }

  /** Whether what the function of the test has left open gives way. */
  get yielding(): boolean {
    return this.#yielding;
  }

  /** Whether the connection's transaction was begun by the function of the test. */
  isOfFunction(connection: Connection): boolean {
    const { transaction } = connection;
    return transaction.open && !transaction.hollow && !this.#isOfHooks(connection);
  }

  #isOfHooks(connection: Connection): boolean {
    return this.#before.has(connection) && this.#before.get(connection) === connection.transaction.number;
  }

  /**
   * The connection's transaction was undone on behalf of the hooks of its test.
   *
   * @param forgiven whether it need not be told of, since the test has failed
   */
  abandon(connection: Connection, forgiven: boolean): void {
    connection.transaction.hollowOut();
    this.#abandoned.set(connection, { forgiven });
  }

  /** Whether the transaction that the connection believes in is gone, and that is not to be told. */
  isForgiven(connection: Connection): boolean {
    return connection.transaction.hollow && this.#abandoned.get(connection)?.forgiven === true;
  }

  /** Those whose transaction is gone and that have not ended it yet. */
  get abandoned(): readonly Connection[] {
    return [...this.#abandoned].flatMap(([connection, { forgiven }]) =>
      connection.transaction.hollow && !forgiven ? [connection] : [],
    );
  }

  // ---- connections

  /**
   * Why the connection must not run its statements now.
   *
   * @param effects those that it has sent as one
   * @param sentIn the epoch in which they were sent
   * @param owner the scope whose work they are, where it is over and that is certain
   */
  admit(
    connection: Connection,
    effects: readonly Effect[],
    {
      sentIn = this.#epoch,
      owner,
    }: { readonly sentIn?: number | undefined; readonly owner?: EndedOwner | undefined } = {},
  ): Error | undefined {
    const stale = sentIn !== this.#epoch;
    const cut = this.#cuts.get(connection);

    if (cut !== undefined) {
      if (stale || owner !== undefined || effects[0]?.kind !== 'begin') return this.#refuse(connection, effects, cut);
      this.#cuts.delete(connection);
      connection.reset();
    }
    const first = effects[0]?.kind;
    if (connection.transaction.hollow && cut === undefined) {
      if (first === 'begin') connection.reset();
      else if (first !== 'commit' && first !== 'rollback')
        return abandonedError(connection.name, connection.lastSql ?? '', this.title ?? '');
    }
    const shut = stale || this.shut;
    if (!shut && (owner === undefined || this.settingUp)) return undefined;

    const { name, lastSql = '' } = connection;
    if (owner === undefined) return stragglerError(name, lastSql, this.layers.lastEnded);
    return refuseLate({ refused: this.#refused }, owner, name, lastSql);
  }

  /** The transaction is kept as a ghost, to know when the app has finished it. */
  #refuse(connection: Connection, effects: readonly Effect[], { title, lost }: Cut): Error {
    const { name, lastSql = '', transaction } = connection;

    for (const effect of effects) transaction.done(transaction.plan(effect));
    if (!transaction.open) this.#cuts.delete(connection);
    return lost ?? cutError(name, lastSql, title);
  }

  /**
   * Cuts the connection off, if it believes in a transaction; that must have been undone.
   *
   * @param lost why the transaction is gone, if not by the end of its scope
   * @param title of that scope
   */
  cut(connection: Connection, lost?: Error, title: string = this.title ?? 'the setup'): void {
    if (connection.transaction.open) this.#cuts.set(connection, { title, lost });
  }

  isCut(connection: Connection): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(connection);
  }

  /** The connection was closed, or has nothing to do any more with what it was before. */
  forget(connection: Connection): void {
    this.#cuts.delete(connection);
  }

  /** Those that a scope's end has cut and that believe in their transaction still. */
  cutConnections(): readonly CutConnection[] {
    return [...this.#cuts].flatMap(([{ name, lastSql = '' }, { title, lost }]) =>
      lost === undefined ? [{ connection: name, title, lastSql }] : [],
    );
  }

  // ---- losses

  /**
   * The outer transaction has ended, and with it the work of open scopes.
   *
   * @param explain makes the error, from the scopes whose work it was, the outermost first
   */
  lose(explain: (gone: readonly ScopeName[]) => Error): Error {
    const gone = this.layers.lost();
    const error = explain(gone);
    const during = this.#phase === 'scope';

    // Between two scopes too: the next test builds on the fixtures that are gone.
    if (during || (this.#phase === 'rest' && gone.length > 0)) this.lost.add(error, gone, during);
    return error;
  }

  /** The current scope, if there is one, has failed with this error; no work is lost by it. */
  fail(error: Error): void {
    if (this.#phase === 'scope') this.lost.add(error, [], true);
  }
}
