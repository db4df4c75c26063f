import type { Waiting } from './signatures.js';
import type { Callable, Constructor, Sync, Untouched } from './sync-type.js';

/** What can be handed to the original: what it asks for, or the synchronous form of that. */
export type Arguments<P extends readonly unknown[]> = { [K in keyof P]: Argument<P[K]> };

/**
 * Looks no deeper than the one option in which an object of the ORM is handed over: the types of
 * conditions are recursive, and without end when they are unfolded.
 */
type Argument<P> = unknown extends P
  ? P
  : IsUnion<NonNullable<P>> extends true
    ? P
    : P extends readonly unknown[]
      ? { [K in keyof P]: Direct<P[K]> }
      : P extends { readonly transaction?: unknown }
        ? { [K in keyof P]: K extends 'transaction' ? P[K] | Sync<P[K]> : P[K] }
        : Direct<P>;

type Direct<P> =
  IsUnion<NonNullable<P>> extends true
    ? P
    : P extends Untouched | Callable | Constructor
      ? P
      : [Waiting<P>] extends [never]
        ? P
        : P | Sync<P>;

type IsUnion<P, Each = P> = [P] extends [never]
  ? false
  : Each extends unknown
    ? [P] extends [Each]
      ? false
      : true
    : never;
