import { isDate } from 'node:util/types';
import { inspect } from 'node:util';

import type { Parameters, SyncConnection } from '../engine/engine.js';
import { SessionUsageError } from '../errors.js';

/** A value as a message shows it: one line, shortened. */
export function show(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Infinity });

  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** An object written with braces, as opposed to a Date, a Buffer or an instance of the user's class. */
export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);

  return prototype === null || prototype === Object.prototype;
}

/** Whether the connection takes lists and objects. */
export type ValueRules = Pick<SyncConnection, 'storesObjects'>;

/**
 * Refuses what no database could store, before a driver turns it silently into NULL or into
 * `[object Object]`. What is left (a Date, a Buffer, a boolean) is the engine's to judge.
 *
 * @param name How the message calls the value, e.g. `Parameter 2` or `providers.name`.
 */
export function checkValue(rules: ValueRules, name: string, value: unknown): void {
  const refuse = (remedy: string): never => {
    throw new SessionUsageError({ what: `${name} is ${show(value)}, which cannot be stored as a value.`, remedy });
  };

  switch (typeof value) {
    case 'undefined':
      return refuse('If the property exists, its name is mistyped. Write null for NULL.');
    case 'function':
      return refuse('Pass what the function returns.');
    case 'symbol':
      return refuse('Pass a string.');
    default:
  }

  if (value instanceof Promise) return refuse('Wait for the promise first: sync(promise).');
  if (isDate(value) && Number.isNaN(value.getTime())) return refuse('Check what the Date was made of.');
  // As JSON they would be {}.
  if (value instanceof Map) return refuse('Pass Object.fromEntries(map).');
  if (value instanceof Set) return refuse('Pass [...set].');

  if (rules.storesObjects === true) return;
  if (Array.isArray(value))
    return refuse('For a list, write sql`… in ${list}`; to store it as text, JSON.stringify it.');
  if (isPlain(value)) return refuse('To store it as text, JSON.stringify it.');
}

/** Checks the second argument of `get`, `all` and `run`. */
export function checkParameters(rules: ValueRules, parameters: unknown): asserts parameters is Parameters | undefined {
  if (parameters === undefined) return;

  if (Array.isArray(parameters)) {
    parameters.forEach((value: unknown, index) => checkValue(rules, `Parameter ${index + 1}`, value));
    return;
  }
  if (isPlain(parameters)) {
    for (const [name, value] of Object.entries(parameters)) checkValue(rules, `Parameter ${name}`, value);
    return;
  }

  throw new SessionUsageError({
    what: `The parameters are ${show(parameters)}.`,
    why: 'Parameters are a list for ? and $1, or an object for :name.',
    remedy: `Did you mean [${show(parameters)}]?`,
  });
}
