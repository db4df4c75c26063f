import type { ScopeName } from '../../../../sandbox/vocabulary.js';
import {
  askingRemembered,
  BRINGING_RESTARTED,
  KEEPING_RESTARTED,
  mayRestart,
  rememberingValues,
  restoringValues,
} from '../sequence-values.js';

/** What the values of sequences are at the end of a scope: as they have become, or as they were when it began. */
export type IdentityRule = 'keep' | 'restart';

/** The statements around the rollback that ends a scope. */
export interface AroundRollback {
  readonly before: readonly string[];
  readonly behind: readonly string[];
}

/** A query of one row, and what hears its only value. */
export interface Question {
  readonly sql: string;
  readonly heard: (value: string | null | undefined) => void;
}

const NOTHING: AroundRollback = { before: [], behind: [] };
const RESTARTED: AroundRollback = { before: [KEEPING_RESTARTED], behind: [BRINGING_RESTARTED] };

/** The values that a level of real scopes begins with, which the connection remembers. */
interface Level {
  /** Whether a scope has ended there and left them as they had become. */
  moved: boolean;
}

interface Scope {
  /** Undefined where no scope of the run is to restart. */
  readonly rule: IdentityRule | undefined;
  /** Whether a statement may have restarted a sequence. */
  restarts: boolean;
}

/**
 * The values of sequences, which no rollback brings back.
 *
 * With `restart`, all have at the end of each scope the values that they had when the scope around it began to
 * run inner ones. With `keep` they go on, but a restart that was sent in a scope outlives its rollback: it is what
 * a suite sends in afterEach, for the next test.
 */
export class Identities {
  readonly #byDefault: IdentityRule;
  readonly #scopes: Scope[] = [];
  /** By their depth among the scopes that are real; undefined where the values are not known. */
  #levels: (Level | undefined)[] = [];
  /** What prepares the statement for the outermost level on a connection: no scope has moved those values. */
  #outermost: string | undefined;
  #asking = false;

  constructor(byDefault: IdentityRule) {
    this.#byDefault = byDefault;
  }

  begin({ identities }: ScopeName): void {
    const configured = this.#byDefault === 'keep' && identities === undefined ? undefined : this.#byDefault;
    const rule = identities === undefined || identities === 'configured' ? configured : identities;
    this.#scopes.push({ rule, restarts: false });
  }

  /** A statement of the innermost scope has succeeded. */
  saw(sql: string): void {
    const scope = this.#scopes.at(-1);
    if (scope !== undefined && !scope.restarts && scope.rule !== 'restart' && mayRestart(sql)) scope.restarts = true;
  }

  /** The innermost scope is about to do something: inner ones to come begin with other values. */
  working(depth: number): void {
    if (this.#levels.length > depth + 1) this.#levels.length = depth + 1;
  }

  /** The innermost scope has become real. Returns what is to be run before anything else of it. */
  touched(depth: number): readonly string[] {
    const rule = this.#scopes.at(-1)?.rule;
    if (rule === undefined) return [];

    const level = this.#levels[depth];
    if (level === undefined) return this.#remember(depth);
    if (!level.moved || rule === 'keep') return [];
    level.moved = false;
    return [restoringValues(depth)];
  }

  #remember(depth: number): readonly string[] {
    this.#levels[depth] = { moved: false };
    if (depth > 1) return [rememberingValues(depth)];
    if (this.#outermost !== undefined) return [this.#outermost, restoringValues(depth)];
    this.#asking = true;
    return [rememberingValues(depth)];
  }

  /** What is to be asked for once what `touched` has returned is sent, and what hears the answer. */
  takeQuestion(): Question | undefined {
    if (!this.#asking) return undefined;
    this.#asking = false;
    return { sql: askingRemembered(1), heard: (text) => (this.#outermost = text ?? undefined) };
  }

  /**
   * The innermost scope ends.
   *
   * @param depth its place among the real ones; 0 if it is none of them
   * @param hidden whether functions of the user's own may restart sequences
   */
  end(depth: number, hidden: boolean): AroundRollback {
    const scope = this.#scopes.pop();
    if (scope === undefined || depth === 0) return NOTHING;

    const level = this.#levels[depth];
    this.working(depth);
    if (level !== undefined && scope.rule === 'restart') return { before: [], behind: [restoringValues(depth)] };
    if (level !== undefined) level.moved = true;
    return scope.restarts || hidden ? RESTARTED : NOTHING;
  }

  /** The outer transaction is gone, and nobody has brought anything back. */
  lost(): void {
    this.working(1);
    const [, level] = this.#levels;
    if (level !== undefined) level.moved = true;
  }

  /** The connection is gone, and what it remembered. */
  forget(): void {
    this.#levels = [];
    this.#asking = false;
  }

  /** All scopes are over. */
  close(): void {
    this.forget();
    this.#scopes.length = 0;
    this.#outermost = undefined;
  }
}
