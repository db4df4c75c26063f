import type { Arguments } from './arguments.js';
import type { Callable, IsBuilder, IsMarked, OwnMethods, Sync, Untouched } from './sync-type.js';

/**
 * The call signatures of a function, synchronous. Up to six overloads; a type parameter becomes its
 * constraint, because TypeScript cannot map a generic signature.
 *
 * @typeParam Instance what a class makes whose static method this is; never for other functions
 */
export type Calls<F extends Callable, Instance> = F extends {
  (this: infer T1, ...a: infer A1): infer R1;
  (this: infer T2, ...a: infer A2): infer R2;
  (this: infer T3, ...a: infer A3): infer R3;
  (this: infer T4, ...a: infer A4): infer R4;
  (this: infer T5, ...a: infer A5): infer R5;
  (this: infer T6, ...a: infer A6): infer R6;
}
  ? // Where there are fewer, the first is inferred several times, and these are one and the same.
    Call<A1, Of<T1, R1, Instance>> &
      Call<A2, Of<T2, R2, Instance>> &
      Call<A3, Of<T3, R3, Instance>> &
      Call<A4, Of<T4, R4, Instance>> &
      Call<A5, Of<T5, R5, Instance>> &
      Call<A6, Of<T6, R6, Instance>>
  : F;

/**
 * The signature for a call without arguments, where the first one allows that. Its parameter is a
 * literal, because TypeScript tries such signatures before all others, and Knex has one.
 */
export type WithoutArguments<F extends Callable> = F extends {
  (...a: infer A1): infer R1;
  (...a: never): unknown;
  (...a: never): unknown;
}
  ? [] extends A1
    ? [Waiting<R1>] extends [never]
      ? unknown
      : (nothing?: null) => Sync<R1>
    : unknown
  : unknown;

/** One signature. Two kinds of generic ones are recognised by what is left of them. */
type Call<A extends readonly unknown[], R> =
  IsUnknown<Awaited<R>> extends true ? CallWithCallback<A, R> : CallWithClass<A, R>;

/** `transaction(callback)`, which returns what the callback returns, perhaps after an option. */
type CallWithCallback<A extends readonly unknown[], R> = [A] extends [
  readonly [infer C extends Callable, ...infer Rest],
]
  ? <Result>(
      callback: (...parameters: Parameters<C>) => PromiseLike<Result> | Result,
      ...rest: Arguments<Rest>
    ) => Result
  : [A] extends [readonly [infer First, infer C extends Callable, ...infer Rest]]
    ? <Result>(
        first: First,
        callback: (...parameters: Parameters<C>) => PromiseLike<Result> | Result,
        ...rest: Arguments<Rest>
      ) => Result
    : (...parameters: Arguments<A>) => Sync<R>;

/**
 * `find(User, …)`, which returns objects of the class that it is given. The conditions that follow
 * have to be taken as they are: unfolded, those of an unknown entity have no end.
 */
type CallWithClass<A extends readonly unknown[], R> = [A] extends [readonly [infer First, ...infer Rest]]
  ? [ClassBase<First>] extends [never]
    ? (...parameters: Arguments<A>) => Sync<R>
    : (<Entity extends ClassBase<First>>(
        entity: abstract new (...parameters: never[]) => Entity,
        ...rest: Rest
      ) => Sync<Replace<Awaited<R>, ClassBase<First>, Entity>>) &
        ((...parameters: A) => Sync<R>)
  : (...parameters: Arguments<A>) => Sync<R>;

/** What a parameter asks a class to make, if it takes classes of any kind of object. */
type ClassBase<P> = [Constructed<P>] extends [never]
  ? [Extract<P, { readonly prototype: unknown }>] extends [never]
    ? never
    : object
  : Constructed<P>;

type Constructed<P> = P extends abstract new (...parameters: never[]) => infer Base
  ? string extends keyof Base
    ? Base
    : never
  : never;

/** The result of a static method of a model: of the class itself where it says the base class. */
type Of<This, R, Instance> = [Instance] extends [never]
  ? R
  : This extends abstract new (...parameters: never[]) => infer Base
    ? R extends PromiseLike<infer Value>
      ? Promise<Replace<Value, Base, Instance>>
      : Replace<R, Base, Instance>
    : R;

/** Also inside of lists and of plain objects, such as `{ rows, count }`. */
type Replace<T, From, To> = unknown extends T
  ? T
  : T extends Untouched
    ? T
    : Same<T, From> extends true
      ? To
      : T extends readonly unknown[]
        ? { [K in keyof T]: Replace<T[K], From, To> }
        : IsMarked<T> extends true
          ? Replace<NonNullable<T[keyof T]>, From, To>
          : [OwnMethods<T>] extends [never]
            ? { [K in keyof T]: Replace<T[K], From, To> }
            : T;

/**
 * Whether a function is left as it is: it leads to a query builder, or it is generic (or overloaded)
 * and nothing of its result is to be waited for.
 */
export type Kept<F extends Callable> = F extends (...parameters: never) => infer R
  ? IsUnknown<R> extends true
    ? true
    : IsQuery<R> extends true
      ? true
      : IsSimple<F> extends true
        ? false
        : [Waiting<R>] extends [never]
          ? true
          : false
  : true;

type IsQuery<R> = [R] extends [never]
  ? false
  : [R] extends [{ toOperationNode(): unknown }]
    ? true
    : [R] extends [PromiseLike<unknown>]
      ? IsBuilder<R>
      : false;

/** Has one signature, without type parameters: only those survive being taken apart. */
type IsSimple<F extends Callable> = F extends (...parameters: infer A) => infer R
  ? Same<F, (...parameters: A) => R>
  : false;

/** Not never if there is anything in the result that would be waited for, as far as one level shows. */
export type Waiting<R> =
  R extends PromiseLike<unknown>
    ? R
    : R extends string | number | bigint | boolean | symbol | null | undefined
      ? never
      : R extends readonly (infer Item)[]
        ? Item extends PromiseLike<unknown>
          ? Item
          : never
        : R extends AsyncIterable<unknown>
          ? R
          : { [K in keyof R]: WaitingMember<R[K]> }[keyof R];

type Awaitable<R> = R extends PromiseLike<unknown> ? (IsBuilder<R> extends true ? never : R) : never;

type WaitingMember<M> =
  IsUnknown<M> extends true
    ? never
    : M extends PromiseLike<unknown>
      ? M
      : M extends (...parameters: never[]) => infer R
        ? IsUnknown<R> extends true
          ? never
          : Awaitable<R>
        : never;

/** Also of any. */
type IsUnknown<T> = unknown extends T ? true : false;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
