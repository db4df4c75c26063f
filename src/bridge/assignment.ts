/** A callback as Node's internals hold it. */
export type Callback = (...args: unknown[]) => unknown;

/** What is done with the callbacks of one kind of objects. */
export interface Interception {
  /** Calls a callback in its owner's place. */
  readonly call: (owner: object, callback: Callback, args: unknown[]) => unknown;
  /** Told of each callback that is given to an owner. */
  readonly assigned?: (owner: object, callback: Callback) => void;
  /** Told when an owner's callback is taken away, as clearTimeout does. */
  readonly cleared?: (owner: object) => void;
}

/**
 * Stands between Node's internal objects and the callbacks that are assigned to one of their
 * properties, such as an Immediate's `_onImmediate`: they are own properties which constructors
 * assign, so an accessor on the prototype gets the assignment, whoever made the object and however
 * it was imported. Node calls them as methods, so one function can stand for all of them.
 *
 * @param prototype any prototype of the objects
 * @returns what ends it for objects made from then on
 */
export function onAssignment(prototype: object, property: PropertyKey, interception: Interception): () => void {
  // The same for every installation: Node keeps some objects, such as HTTP parsers, for ever.
  const kept = Symbol.for(`lockstep.callback.${String(property)}`);
  const { assigned, cleared } = interception;

  interface Holder {
    [kept]?: unknown;
  }

  function stand(this: Holder, ...args: unknown[]): unknown {
    return interception.call(this, this[kept] as Callback, args);
  }

  function get(this: Holder): unknown {
    const callback = this[kept];
    return typeof callback === 'function' ? stand : callback;
  }

  Object.defineProperty(prototype, property, {
    configurable: true,
    get,
    set(this: Holder, callback: unknown) {
      this[kept] = callback;
      if (typeof callback === 'function') assigned?.(this, callback as Callback);
      else cleared?.(this);
    },
  });

  // Objects made until now keep their callback under the symbol, so the accessor has to stay
  // readable for them; only new ones become plain again.
  return () => {
    Object.defineProperty(prototype, property, {
      configurable: true,
      get,
      set(this: object, callback: unknown) {
        Object.defineProperty(this, property, {
          value: callback,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      },
    });
  };
}
