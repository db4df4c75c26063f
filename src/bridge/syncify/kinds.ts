import { types } from 'node:util';

/** Whether `await` would wait for it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && typeof (value as { then?: unknown }).then === 'function';
}

const OF_A_PROMISE: ReadonlySet<PropertyKey> = new Set(['constructor', 'then', 'catch', 'finally']);

/**
 * Whether a thenable stands for nothing but its value. One with methods of its own is a query
 * builder, which may be chained further and runs only when it is awaited: Knex, Drizzle, Mongoose.
 */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  if (!isThenable(value)) return false;
  // Prisma's promises have methods that load relations, but are meant to be awaited at once.
  if (Reflect.get(value, Symbol.toStringTag) === 'PrismaPromise') return true;

  return !hasOwnMethods(value) || holdsPromise(value);
}

function hasOwnMethods(value: object): boolean {
  for (let holder: object | null = value; holder !== null; holder = prototypeOf(holder)) {
    if (holder === Object.prototype || (holder === Promise.prototype && types.isPromise(value))) break;
    if (Reflect.ownKeys(holder).some((key) => isMethod(holder, key) && !OF_A_PROMISE.has(key))) return true;
  }
  return false;
}

/** Work that has begun, and not a query: Knex's `transaction(callback)` returns such an object. */
function holdsPromise(value: object): boolean {
  return Object.keys(value).some((key) => types.isPromise(Object.getOwnPropertyDescriptor(value, key)?.value));
}

/** Whether Node gives it a meaning that only the object itself has, not a proxy of it. */
export function isBuiltin(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    value instanceof Error ||
    value instanceof URL ||
    value instanceof URLSearchParams ||
    BUILTINS.some((is) => is(value))
  );
}

const BUILTINS: readonly ((value: unknown) => boolean)[] = [
  types.isDate,
  types.isRegExp,
  types.isMap,
  types.isSet,
  types.isWeakMap,
  types.isWeakSet,
  types.isNativeError,
  types.isAnyArrayBuffer,
  types.isBoxedPrimitive,
];

/** A literal, a row, a module: an object that is of no class. */
export function isPlain(value: object): boolean {
  const prototype = prototypeOf(value);

  // Objects of another realm have another Object.prototype, but nothing above it either.
  return prototype === null || (prototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty'));
}

/**
 * Whether anything can be waited for through this value. Plain data is not worth a proxy: functions,
 * objects of a class, and lists and plain objects that hold such are.
 */
export function isActive(value: unknown, seen: Set<object> = new Set<object>()): value is object {
  if (typeof value === 'function') return true;
  if (!isObject(value) || seen.has(value) || isBuiltin(value)) return false;
  seen.add(value);

  if (Array.isArray(value)) return value.some((item) => isActive(item, seen));
  return !isPlain(value) || Object.keys(value).some((key) => isActiveProperty(value, key, seen));
}

function isActiveProperty(owner: object, key: string, seen: Set<object>): boolean {
  const property = Object.getOwnPropertyDescriptor(owner, key);
  if (property === undefined) return false;

  // To ask a getter would set off what it loads.
  return property.get !== undefined || isThenable(property.value) || isActive(property.value, seen);
}

/** Whether it is to be stepped through by waiting: an async generator, a stream. */
export function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return typeof Reflect.get(value, Symbol.asyncIterator) === 'function';
}

/** Whether a class or function can be called with `new`. */
export function isConstructor(value: object): boolean {
  try {
    Reflect.construct(Object, [], value as new () => unknown);
    return true;
  } catch {
    return false;
  }
}

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Whether a property is read through a getter, of the object itself or of its classes. */
export function isGetter(owner: object, key: PropertyKey): boolean {
  for (let holder: object | null = owner; holder !== null; holder = prototypeOf(holder)) {
    const property = Object.getOwnPropertyDescriptor(holder, key);
    if (property !== undefined) return property.get !== undefined;
  }
  return false;
}

function isMethod(holder: object, key: PropertyKey): boolean {
  return typeof Object.getOwnPropertyDescriptor(holder, key)?.value === 'function';
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}
