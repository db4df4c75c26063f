import { isBuiltin, isPlain } from './kinds.js';

/** Which proxy stands for which object. */
interface Registry {
  readonly proxies: WeakMap<object, object>;
  readonly originals: WeakMap<object, object>;
}

const KEY = Symbol.for('lockstep.syncify');

/** One registry per thread even when the package is loaded twice: one object has one proxy. */
const registry = ((globalThis as { [KEY]?: Registry })[KEY] ??= { proxies: new WeakMap(), originals: new WeakMap() });

/** The proxy of an object, made by `make` unless there is one. */
export function proxyOf(original: object, make: (original: object) => object): object {
  const known = registry.proxies.get(original);
  if (known !== undefined) return known;

  const proxy = make(original);
  registry.proxies.set(original, proxy);
  registry.originals.set(proxy, original);
  return proxy;
}

/** The object that a proxy stands for; anything else is returned as it is. */
export function originalOf(value: unknown): unknown {
  return registry.originals.get(value as object) ?? value;
}

/** How many objects deep proxies are looked for in what is handed to the original. */
const DEPTH = 5;

/**
 * What the original gets for a value that the test hands to it: no proxy, however deep, because ORMs
 * compare entities by identity. Lists and plain objects that hold proxies are copied; in objects of
 * a class, such as an entity that the test made by `new`, the original takes the proxy's place.
 */
export function handOver(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return originalOf(value);

  return exchange(value, DEPTH, 'copy', new Set());
}

type Manner = 'copy' | 'in place';

function exchange(value: unknown, depth: number, manner: Manner, seen: Set<object>): unknown {
  const original = originalOf(value);
  if (typeof original !== 'object' || original === null || depth === 0) return original;
  if (seen.has(original) || isBuiltin(original)) return original;
  seen.add(original);

  if (manner === 'in place' || !isLiteral(original)) {
    exchangeInPlace(original, depth, seen);
    return original;
  }
  return copyWithOriginals(original, depth, seen);
}

function isLiteral(value: object): boolean {
  return Array.isArray(value) || isPlain(value);
}

function exchangeInPlace(holder: object, depth: number, seen: Set<object>): void {
  for (const key of Object.keys(holder)) {
    const property = Object.getOwnPropertyDescriptor(holder, key);
    if (property === undefined || !('value' in property)) continue;

    const original = exchange(property.value, depth - 1, 'in place', seen);
    if (original !== property.value) Reflect.set(holder, key, original);
  }
}

/** The same object if it holds no proxy: what an ORM writes into it must reach the test. */
function copyWithOriginals(literal: object, depth: number, seen: Set<object>): object {
  let copy: object | undefined;

  for (const key of Object.keys(literal)) {
    const property = Object.getOwnPropertyDescriptor(literal, key);
    if (property === undefined || !('value' in property)) continue;

    const original = exchange(property.value, depth - 1, 'copy', seen);
    if (original === property.value) continue;
    copy ??= Array.isArray(literal) ? [...(literal as unknown[])] : cloneOf(literal);
    Reflect.set(copy, key, original);
  }
  return copy ?? literal;
}

/** With symbols and prototype: operators such as Sequelize's `Op.in` are symbols. */
function cloneOf(literal: object): object {
  return Object.create(
    Object.getPrototypeOf(literal) as object | null,
    Object.getOwnPropertyDescriptors(literal),
  ) as object;
}
