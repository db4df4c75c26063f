import { RequestError } from '../errors.js';
import type { Call } from './call.js';
import { describe } from './request/describe.js';
import type { Response } from './response.js';

/**
 * Runs the functions given to `client.all`: while it does, calls are started instead of waited for,
 * and a stand-in is returned that knows its call.
 */
export class Collector {
  #calls: Call[] | undefined;
  readonly #callOf = new WeakMap<object, Call>();

  /** Whether calls are to be collected instead of waited for. */
  get active(): boolean {
    return this.#calls !== undefined;
  }

  /** Notes a started call; what is returned stands for its response. */
  add(call: Call): Response {
    const standIn = new Proxy(Object.create(null) as object, { get: (_, key) => refuseAccess(call, key) });
    this.#calls?.push(call);
    this.#callOf.set(standIn, call);
    return standIn as Response;
  }

  /**
   * Runs all functions. `works` are what they stand for, in order; `calls` all calls that they started.
   *
   * @throws what a function throws, after aborting the calls already started.
   */
  collect(functions: readonly (() => unknown)[]): { works: PromiseLike<unknown>[]; calls: readonly Call[] } {
    if (this.#calls !== undefined) {
      throw new RequestError({
        what: 'client.all was called inside a function given to client.all.',
        remedy: 'Give all requests to one client.all: they are all sent at the same time.',
      });
    }
    for (const [index, work] of functions.entries()) {
      if (typeof work !== 'function') throw notAFunction(index, work);
    }

    const calls: Call[] = [];
    this.#calls = calls;
    try {
      return { works: functions.map((work, index) => this.#workOf(index, work())), calls };
    } catch (error) {
      for (const call of calls) call.abort(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      this.#calls = undefined;
    }
  }

  #workOf(index: number, returned: unknown): PromiseLike<unknown> {
    if (typeof returned === 'object' && returned !== null) {
      const call = this.#callOf.get(returned);
      if (call !== undefined) return call.response;
      if (returned instanceof Promise) return returned;
    }

    throw new RequestError({
      what: `client.all: function ${index + 1} returned ${describe(returned)} instead of a response.`,
      remedy: "Return the call: () => client.get('/a'), without braces, or with return.",
    });
  }
}

function refuseAccess(call: Call, key: string | symbol): undefined {
  // Asked by promises, consoles and debuggers, which must be able to hold the stand-in.
  if (typeof key === 'symbol' || key === 'then' || key === 'constructor') return undefined;

  throw new RequestError({
    what: `${call.label}: .${key} was read inside client.all, where the request has only been started.`,
    remedy: 'Read it from the array that client.all returns: const [a, b] = client.all(() => ..., () => ...).',
  });
}

function notAFunction(index: number, work: unknown): RequestError {
  return new RequestError({
    what: `client.all: argument ${index + 1} is ${describe(work)}.`,
    why: 'A call made outside of a function has already been waited for.',
    remedy: "Give functions: client.all(() => client.get('/a'), () => client.get('/b')).",
  });
}
