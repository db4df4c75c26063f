import type { ScopeName } from './vocabulary.js';

/** A scope that ended, and the statements that undo its work. */
export interface EndedScope {
  readonly scope: ScopeName;
  readonly send: readonly string[];
}

interface Level {
  readonly scope: ScopeName;
  state: 'untouched' | 'transaction' | 'savepoint';
}

const NOTHING: readonly string[] = [];
const BEGIN: readonly string[] = ['BEGIN'];
const ROLLBACK: readonly string[] = ['ROLLBACK'];

/**
 * The stack of scopes: a layer per `describe` with fixtures, the running test on top.
 *
 * Scopes cost nothing until somebody uses the database. Then only the innermost becomes real, as
 * `BEGIN` or, above a real one, as a savepoint: an untouched level below it has no work of its own
 * that would have to be kept apart, and it can become real later, after the inner one has ended.
 */
export class Layers {
  #levels: Level[] = [];
  // Whether touch() has nothing to do. It is asked before every statement of every connection.
  #settled = true;
  #real = 0;
  #lastEnded: ScopeName | undefined;

  /** The innermost scope. */
  get current(): ScopeName | undefined {
    return this.#levels.at(-1)?.scope;
  }

  /** Title of the scope that ended last. */
  get lastEnded(): string | undefined {
    return this.#lastEnded?.title;
  }

  /** Whether the outer transaction is open. */
  get real(): boolean {
    return this.#real > 0;
  }

  /** Begins a scope inside the current one. Nothing is to be sent. */
  begin(scope: ScopeName): void {
    this.#levels.push({ scope, state: 'untouched' });
    this.#settled = false;
  }

  /**
   * The statements to send now, before a statement is run in the current scope. Empty when they
   * were sent before, and outside all scopes. If sending them fails, roll back and call `lost`.
   */
  touch(): readonly string[] {
    if (this.#settled) return NOTHING;

    const level = this.#levels.at(-1);
    if (level === undefined) return NOTHING;

    this.#settled = true;
    level.state = this.#real === 0 ? 'transaction' : 'savepoint';
    this.#real += 1;
    return level.state === 'transaction' ? BEGIN : [`SAVEPOINT ${savepointName(this.#levels.length)}`];
  }

  /**
   * Ends the innermost scope.
   *
   * @throws Error when there is none.
   */
  end(): EndedScope {
    const level = this.#levels.pop();
    if (level === undefined) throw new Error('Layers: end() without begin().');

    this.#lastEnded = level.scope;
    this.#settled = this.#levels.length === 0 || this.#levels.at(-1)?.state !== 'untouched';
    if (level.state === 'untouched') return { scope: level.scope, send: NOTHING };

    this.#real -= 1;
    if (level.state === 'transaction') return { scope: level.scope, send: ROLLBACK };

    const name = savepointName(this.#levels.length + 1);
    return { scope: level.scope, send: [`ROLLBACK TO SAVEPOINT ${name}`, `RELEASE SAVEPOINT ${name}`] };
  }

  /** The outer transaction is gone: every level is untouched again. Returns the scopes whose work went with it. */
  lost(): readonly ScopeName[] {
    const gone = this.#levels.filter((level) => level.state !== 'untouched');

    for (const level of gone) level.state = 'untouched';
    this.#real = 0;
    this.#settled = this.#levels.length === 0;
    return gone.map((level) => level.scope);
  }
}

// Named by depth, so that the statements are few and an engine can keep them prepared.
function savepointName(depth: number): string {
  return `lockstep_layer_${depth}`;
}
