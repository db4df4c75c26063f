import { inspect } from 'node:util';
import { SyncUsageError } from '../errors.js';
import type { SyncOptions, Work } from './sync.js';

/** What `sync.all` was given. */
interface Works {
  readonly works: readonly Work[];
  readonly options: SyncOptions;
}

const FORMS = 'sync.all([a, b]), or sync.all(a, b), each a promise or a function that returns one';

/**
 * Reads the arguments of `sync.all`: one list (anything iterable, as Promise.all takes it), or a work in each
 * argument; options may come behind.
 *
 * @throws SyncUsageError for anything else.
 */
export function readWorks(given: readonly unknown[]): Works {
  const [first, second, ...more] = given;

  if (isList(first)) {
    if (more.length > 0 || isWork(second)) throw wrong('was given a list, and more works behind it', `Write ${FORMS}.`);
    return { works: [...first] as Work[], options: readOptions(second) };
  }

  const last = given.at(-1);
  const hasOptions = given.length > 1 && typeof last === 'object' && last !== null && !isWork(last);
  const works = hasOptions ? given.slice(0, -1) : given;
  const place = works.findIndex((work) => !isWork(work));
  if (works.length === 0) throw wrong('was given nothing', `Write ${FORMS}.`);
  if (place >= 0) throw wrong(`was given ${show(works[place])} as argument ${place + 1}`, `Write ${FORMS}.`);
  return { works: works as Work[], options: hasOptions ? readOptions(last) : {} };
}

/**
 * Checks the arguments of `sync`, which takes one work.
 *
 * @throws SyncUsageError for several.
 */
export function checkWork(work: unknown, options: unknown): void {
  if (isWork(options)) throw several('sync was given two works');
  if (Array.isArray(work) && work.some(isWork)) throw several('sync was given a list of works');
}

function several(what: string): SyncUsageError {
  return new SyncUsageError({
    what: `${what}.`,
    why: 'It waits for one, and would hand the others back as they are.',
    remedy: `For several write ${FORMS}.`,
  });
}

function readOptions(value: unknown): SyncOptions {
  if (value === undefined) return {};
  if (typeof value === 'object' && value !== null) return value;
  throw wrong(`was given ${show(value)} as its options`, 'They are an object: { timeout: 5000 }.');
}

function wrong(what: string, remedy: string): SyncUsageError {
  return new SyncUsageError({ what: `sync.all ${what}.`, remedy });
}

function isList(value: unknown): value is Iterable<unknown> {
  if (typeof value !== 'object' || value === null || isThenable(value)) return false;
  return typeof (value as { [Symbol.iterator]?: unknown })[Symbol.iterator] === 'function';
}

function isWork(value: unknown): value is Work {
  return typeof value === 'function' || isThenable(value);
}

export function isThenable(value: unknown): value is PromiseLike<never> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

function show(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity });
}
