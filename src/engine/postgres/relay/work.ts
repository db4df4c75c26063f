import type { Told } from './real.js';

/** What the real connection is to do. */
export type Ask =
  /** Statements of the relay's own. `ends`: the transaction is about to end, and the client's unnamed portal with it. */
  | { readonly kind: 'own'; readonly statements: readonly string[]; readonly ends?: boolean }
  | Pass
  /** Only says whether the server can read the text. */
  | { readonly kind: 'syntax'; readonly sql: string }
  /** Makes the transaction fail. */
  | { readonly kind: 'refuse' };

/** A statement of the client's, whose answer it gets. */
export interface Pass {
  readonly kind: 'pass';
  readonly sql: string;
  /** What the client has sent in its place, for the log. */
  readonly words?: string;
  /** Whether the command tag is held back. */
  readonly hold?: boolean;
  /** The command tag that the client is to get in place of the server's. */
  readonly tag?: string | undefined;
}

/** Work in several steps, each of which needs the answer of the one before. */
export type Work<Result = void> = Generator<Ask, Result, Told>;
