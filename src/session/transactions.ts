import type { SyncConnection } from '../engine/engine.js';
import { SessionUsageError } from '../errors.js';
import { HOLDS_TURN } from '../sandbox/holding.js';

/** A moment to which the session can return. It is ended by one of its two methods, once. */
export interface Savepoint extends Disposable {
  /** Undoes what was done since, also what inner savepoints did, and ends the savepoint. */
  rollback(): void;
  /** Keeps what was done since and ends the savepoint. */
  commit(): void;
  /** Rolls back unless the savepoint has ended: `using savepoint = session.savepoint()`. */
  [Symbol.dispose](): void;
}

/** One open level: the session's transaction itself, or a savepoint in it. */
interface Frame {
  /** undefined for the transaction itself. */
  readonly name: string | undefined;
  readonly kind: 'transaction' | 'savepoint';
}

/** The levels that one session has open, outermost first. */
export class Transactions {
  readonly #connection: SyncConnection;
  #open: Frame[] = [];

  constructor(connection: SyncConnection) {
    this.#connection = connection;
  }

  /** See `Session.transaction`. */
  run<T>(work: () => T): T {
    const called = work.name === '' ? 'The function' : `The function ${work.name}`;
    if (isAsync(work)) throw refusePromise(`${called} given to session.transaction is async.`);

    const frame = this.#begin('transaction');
    let result: T;
    try {
      result = work();
      if (isThenable(result)) {
        // Nobody will look at the promise any more; its rejection would hide the error below.
        result.then(undefined, () => undefined);
        throw refusePromise(`${called} given to session.transaction returned a promise.`);
      }
      if (!this.#isOpen(frame)) throw endedInside(called);
      if (this.#connection.transactionFailed === true) throw failedInside(called);
      this.#end(frame, 'commit');
    } catch (error) {
      if (this.#isOpen(frame)) this.#rollbackQuietly(frame);
      throw error;
    }

    return result;
  }

  /** See `Session.savepoint`. */
  savepoint(): Savepoint {
    const frame = this.#begin('savepoint');
    const end = (how: 'rollback' | 'commit'): void => {
      if (!this.#isOpen(frame)) throw alreadyEnded(how);
      this.#end(frame, how);
    };

    return Object.freeze({
      rollback: () => end('rollback'),
      commit: () => end('commit'),
      [Symbol.dispose]: () => {
        if (this.#isOpen(frame)) this.#end(frame, 'rollback');
      },
    });
  }

  /** Ends the innermost savepoint. */
  endInnermost(how: 'rollback' | 'commit'): void {
    this.#forgetEnded();
    const frame = this.#open.at(-1);

    if (frame === undefined) {
      throw new SessionUsageError({
        what: `session.${how} was called, but no savepoint is open.`,
        why:
          how === 'commit'
            ? 'What the session writes is seen by the app at once; no commit is needed.'
            : 'What a test does is rolled back when it ends.',
        remedy: how === 'commit' ? 'Remove the call.' : 'To undo a part of a test, begin it with session.savepoint().',
      });
    }
    if (frame.kind === 'transaction') {
      throw new SessionUsageError({
        what: `session.${how} was called inside session.transaction, where no savepoint is open.`,
        why: 'The transaction ends with its function.',
        remedy: how === 'commit' ? 'Return from the function to commit.' : 'Throw from the function to roll back.',
      });
    }
    this.#end(frame, how);
  }

  #begin(kind: Frame['kind']): Frame {
    this.#forgetEnded();

    // A savepoint outside a transaction would be a transaction on SQLite and an error on Postgres.
    const name = this.#connection.inTransaction ? `lockstep_session_${this.#open.length + 1}` : undefined;
    const frame: Frame = { name, kind };
    // From here on the app waits, as it would for a lock: what it wrote could be neither undone nor kept with this.
    const holds = this.#connection.beginsLazily === true ? HOLDS_TURN : '';
    this.#connection.execute((name === undefined ? 'BEGIN' : `SAVEPOINT ${name}`) + holds);
    this.#open.push(frame);
    return frame;
  }

  #end(frame: Frame, how: 'rollback' | 'commit'): void {
    const { name } = frame;

    if (how === 'rollback') {
      this.#connection.execute(name === undefined ? 'ROLLBACK' : `ROLLBACK TO SAVEPOINT ${name}`);
    }
    // ROLLBACK TO leaves the savepoint open, so both ways end by releasing it.
    if (name !== undefined) this.#connection.execute(`RELEASE SAVEPOINT ${name}`);
    else if (how === 'commit') this.#connection.execute('COMMIT');

    this.#open = this.#open.slice(0, this.#open.indexOf(frame));
  }

  #rollbackQuietly(frame: Frame): void {
    try {
      this.#end(frame, 'rollback');
    } catch {
      // The error that is on its way says why; if the transaction is lost, the sandbox reports it.
      this.#open = this.#open.slice(0, this.#open.indexOf(frame));
    }
  }

  #isOpen(frame: Frame): boolean {
    this.#forgetEnded();
    return this.#open.includes(frame);
  }

  /** The levels of a test that has ended, or that SQL of the user has ended, are gone without our doing. */
  #forgetEnded(): void {
    if (!this.#connection.inTransaction) this.#open = [];
  }
}

function isAsync(work: () => unknown): boolean {
  return Object.prototype.toString.call(work) === '[object AsyncFunction]';
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function refusePromise(what: string): SessionUsageError {
  return new SessionUsageError({
    what,
    why: 'It would go on after the transaction has ended; nothing was committed.',
    remedy: 'Make it a plain function; wait for async work inside it by sync(…).',
  });
}

function endedInside(called: string): SessionUsageError {
  return new SessionUsageError({
    what: `${called} given to session.transaction ended the transaction itself.`,
    why: 'Its SQL contains a COMMIT or ROLLBACK, or it ended a savepoint from outside.',
    remedy: 'Return to commit, throw to roll back.',
  });
}

function failedInside(called: string): SessionUsageError {
  return new SessionUsageError({
    what: `${called} given to session.transaction returned, but its transaction has failed and was rolled back.`,
    why: 'It caught the error of a statement. After such an error the database only lets the transaction be undone.',
    remedy: 'Throw the error on, or put what may fail into an inner session.transaction.',
  });
}

function alreadyEnded(how: 'rollback' | 'commit'): SessionUsageError {
  return new SessionUsageError({
    what: `${how} was called on a savepoint that has ended.`,
    why: 'It was ended before, or with an outer savepoint, its transaction or its test.',
  });
}
