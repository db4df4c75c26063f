import type { Arguments } from './arguments.js';
import type { Calls, Kept, WithoutArguments } from './signatures.js';

/**
 * The synchronous form of a type, as `syncify` makes it: promises become their values, async
 * iterables become iterables, in everything that can be reached through properties, methods,
 * classes and lists.
 *
 * Query builders keep the types of their ORM, see docs/syncify.md.
 */
export type Sync<T> = unknown extends T
  ? T
  : T extends Untouched
    ? T
    : T extends PromiseLike<unknown>
      ? IsBuilder<T> extends true
        ? T
        : Sync<Awaited<T>>
      : T extends { toOperationNode(): unknown }
        ? T
        : T extends Constructor
          ? SyncClass<T>
          : T extends Callable
            ? SyncFunctionOf<T>
            : T extends readonly unknown[]
              ? { [K in keyof T]: Sync<T[K]> }
              : IsMarked<T> extends true
                ? Sync<NonNullable<T[keyof T]>>
                : IsError<T> extends true
                  ? T
                  : SyncObject<T>;

/** Anything with a name and a message extends Error; only errors have a stack. */
type IsError<T> = T extends Error ? ('stack' extends keyof T ? true : false) : false;

/**
 * Has nothing but symbols for keys: what is left of MikroORM's `Loaded<Entity, …>` when its type
 * parameters become their constraints is a mark that names the entity.
 */
export type IsMarked<T> = [keyof T] extends [never]
  ? false
  : [keyof T] extends [symbol]
    ? Record<never, never> extends T
      ? true
      : false
    : false;

/** Handed out as they are, see `isBuiltin` in kinds.ts. */
export type Untouched =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | RegExp
  | URL
  | URLSearchParams
  | Keyed
  | ArrayBuffer
  | SharedArrayBuffer
  | ArrayBufferView;

/* eslint-disable @typescript-eslint/no-explicit-any -- nothing else is a Map of any keys */
type Keyed = ReadonlyMap<any, any> | ReadonlySet<any> | WeakMap<any, any> | WeakSet<any>;
/* eslint-enable @typescript-eslint/no-explicit-any */

export type Callable = (...parameters: never[]) => unknown;
export type Constructor = abstract new (...parameters: never[]) => unknown;

/** A thenable with methods of its own, except for Prisma's promises: see `isPromise` in kinds.ts. */
export type IsBuilder<T> = T extends { readonly [Symbol.toStringTag]: 'PrismaPromise' }
  ? false
  : [OwnMethods<T>] extends [never]
    ? false
    : true;

export type OwnMethods<T> = {
  [K in Exclude<keyof T, 'then' | 'catch' | 'finally' | symbol>]: T[K] extends Callable ? K : never;
}[Exclude<keyof T, 'then' | 'catch' | 'finally' | symbol>];

type SyncObject<T> =
  T extends AsyncIterable<infer Item>
    ? Members<T, typeof Symbol.asyncIterator> & Iterable<Sync<Item>>
    : { [K in keyof T]: Sync<T[K]> };

type Members<T, Without> = { [K in keyof T as K extends Without ? never : K]: Sync<T[K]> };

/** Call signatures, and what else a function may carry: Knex is one with methods. */
type SyncFunctionOf<F extends Callable> = keyof F extends never
  ? SyncCalls<F>
  : Kept<F> extends true
    ? // The members first: their synchronous signatures come before those that `F` brings along.
      OverridingMembers<F> & F
    : Members<F, 'prototype'> & Calls<F, never>;

type OverridingMembers<F> = {
  [K in keyof F as K extends 'prototype' ? never : K]: F[K] extends Callable
    ? WithoutArguments<F[K]> & Sync<F[K]>
    : Sync<F[K]>;
};

type SyncCalls<F extends Callable> = Kept<F> extends true ? F : Calls<F, never>;

type SyncClass<C extends Constructor> = C extends abstract new (...parameters: infer Parameters) => infer Instance
  ? (new (...parameters: Arguments<Parameters>) => Sync<Instance>) & {
      [K in keyof C as K extends 'prototype' ? never : K]: SyncStatic<C[K], Instance>;
    } & { readonly prototype: Instance }
  : never;

/** Static methods of models are generic in their `this`, which is here the class itself. */
type SyncStatic<M, Instance> = M extends Constructor
  ? Sync<M>
  : M extends Callable
    ? Kept<M> extends true
      ? M
      : Calls<M, Instance>
    : Sync<M>;
