import { canWait } from '../place.js';
import { isActive, isAsyncIterable, isBuiltin, isGetter, isObject, isPromise, isThenable } from './kinds.js';
import { handOver, originalOf, proxyOf } from './originals.js';
import { shadowOf } from './shadow.js';
import { items, steps } from './steps.js';
import { refuseHopeless, rememberAsync, waitForCall } from './wait.js';

/** The form in which a test sees a value: syncified if there is anything in it to wait for. */
export function syncified(value: unknown): unknown {
  return isActive(value) ? syncifiedObject(value) : value;
}

/** The one proxy of an object or function. */
export function syncifiedObject(value: object): object {
  const original = originalOf(value) as object;
  return proxyOf(original, (target) => new Proxy(shadowOf(target), new Traps(target)));
}

/** The value of a call or property. */
function settled(what: string, value: unknown): unknown {
  return syncified(isPromise(value) ? waitForCall(what, value) : value);
}

const AWAITED: ReadonlySet<PropertyKey> = new Set(['then', 'catch', 'finally']);

/**
 * Everything reaches the original with the original as `this`, so that private fields work and its
 * own calls among its methods stay async, as they were written.
 */
class Traps implements ProxyHandler<object> {
  readonly #original: object;

  constructor(original: object) {
    this.#original = original;
  }

  get(_shadow: object, key: PropertyKey): unknown {
    const original = this.#original;
    const value: unknown = Reflect.get(original, key, original);

    if (key === Symbol.iterator) return this.#iterator(value);
    if (!isObject(value) || key === 'constructor') return value;
    if (key === 'prototype' && typeof original === 'function') return value;
    if (isOfLanguage(original, key, value)) return value;
    // A query builder stays one that can be awaited.
    if (AWAITED.has(key) && isThenable(original)) return Function.prototype.bind.call(value as () => unknown, original);
    // A reporter that looks through an object must not fail because of a promise in it.
    if (isPromise(value) && !canWait() && !isGetter(original, key)) return value;

    return settled(`syncify(${nameOf(original)}).${String(key)}`, value);
  }

  set(_shadow: object, key: PropertyKey, value: unknown): boolean {
    return Reflect.set(this.#original, key, handOver(value), this.#original);
  }

  has(_shadow: object, key: PropertyKey): boolean {
    return Reflect.has(this.#original, key) || (key === Symbol.iterator && isAsyncIterable(this.#original));
  }

  deleteProperty(_shadow: object, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.#original, key);
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.#original);
  }

  getOwnPropertyDescriptor(shadow: object, key: PropertyKey): PropertyDescriptor | undefined {
    const property = Object.getOwnPropertyDescriptor(this.#original, key);
    if (property === undefined) return undefined;

    const fixed = Object.getOwnPropertyDescriptor(shadow, key)?.configurable === false;
    if (isObject(property.value) && !fixed && !isThenable(property.value)) property.value = syncified(property.value);
    // What the shadow does not have must not be called fixed.
    return { ...property, configurable: !fixed };
  }

  defineProperty(_shadow: object, key: PropertyKey, property: PropertyDescriptor): boolean {
    const handed = 'value' in property ? { ...property, value: handOver(property.value) } : property;
    return Reflect.defineProperty(this.#original, key, handed);
  }

  getPrototypeOf(): object | null {
    return Reflect.getPrototypeOf(this.#original);
  }

  setPrototypeOf(_shadow: object, prototype: object | null): boolean {
    return Reflect.setPrototypeOf(this.#original, originalOf(prototype) as object | null);
  }

  /** Freezing would be said of the shadow, which holds nothing. */
  preventExtensions(): boolean {
    return false;
  }

  apply(_shadow: object, self: unknown, parameters: unknown[]): unknown {
    const method = this.#original as (...parameters: unknown[]) => unknown;
    const owner = originalOf(self);
    const call = isObject(owner) ? `syncify(${nameOf(owner)}).${method.name}()` : `syncify(${method.name})()`;

    refuseHopeless(call, method);
    const value = Reflect.apply(method, owner, parameters.map(handOver));
    if (isPromise(value)) rememberAsync(method);
    return settled(call, value);
  }

  construct(_shadow: object, parameters: unknown[], newTarget: object): object {
    const target = originalOf(newTarget) as new () => object;
    const instance = Reflect.construct(this.#original as new () => object, parameters.map(handOver), target) as object;

    // A subclass needs the plain object as its `this`, for its own private fields.
    return target === newTarget || isBuiltin(instance) ? instance : syncifiedObject(instance);
  }

  #iterator(value: unknown): unknown {
    const original = this.#original;

    if (Array.isArray(original)) return value;
    if (typeof value === 'function') return () => items(original as Iterable<unknown>, syncified);
    if (isAsyncIterable(original)) return () => steps(`syncify(${nameOf(original)})`, original, syncified);
    return value;
  }
}

/**
 * The language's own methods run on the proxy: those of a list, for their callbacks to get syncified
 * items, and `call`, `apply` and `bind` of a function, which then call the proxy.
 */
function isOfLanguage(owner: object, key: PropertyKey, value: unknown): boolean {
  if (Array.isArray(owner)) return value === Reflect.get(Array.prototype, key);
  return typeof owner === 'function' && value === Reflect.get(Function.prototype, key);
}

/** What a reader would call the object: its own name, or that of its class. */
function nameOf(value: object): string {
  const { name } = typeof value === 'function' ? value : classOf(value);
  return typeof name === 'string' && name !== '' ? name : 'object';
}

function classOf(value: object): { readonly name?: unknown } {
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === 'function' ? constructor : {};
}
