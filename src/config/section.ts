import { ConfigError } from '../errors.js';
import { nearest } from './nearest.js';
import { either, show } from './show.js';

/** setTimeout turns anything longer into 1 ms. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * One object of the config, read key by key. Every reader returns undefined for a key that is left
 * out, and throws ConfigError with the key, its value and what is accepted.
 */
export class Section {
  /** Absolute path of the config file. */
  readonly source: string;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;

  /**
   * @param path The keys that lead to this object, e.g. `database`; empty for the config itself.
   * @param elsewhere Full paths of keys that belong to other objects, to be suggested when one is misplaced.
   */
  constructor(
    value: unknown,
    path: string,
    source: string,
    keys: readonly string[],
    elsewhere: readonly string[] = [],
  ) {
    this.source = source;
    this.#path = path;

    if (!isRecord(value)) {
      throw new ConfigError({
        what: `${path === '' ? 'The config' : path} in ${source} is ${show(value)}; it must be an object.`,
        remedy: `Its keys are ${keys.join(', ')}.`,
      });
    }
    this.#values = value;

    for (const [key, entry] of Object.entries(value)) {
      if (!keys.includes(key)) throw this.#unknownKey(key, entry, keys, elsewhere);
    }
  }

  /** The full name of a key, as messages show it. */
  name(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  raw(key: string): unknown {
    return this.#values[key];
  }

  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || value.trim() === '') throw this.refuse(key, 'a string that is not empty');
    return value;
  }

  flag(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.refuse(key, 'true or false');
  }

  /** Milliseconds above `least`, or equal to it where `least` is 0 and `zero` is true. */
  milliseconds(key: string, zero = false): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;

    const accepted = typeof value === 'number' && (value > 0 || (zero && value === 0)) && value <= LONGEST_TIMER;
    if (!accepted) {
      const range = zero ? `from 0 to ${LONGEST_TIMER}` : `above 0 and up to ${LONGEST_TIMER}`;
      throw this.refuse(key, `a number of milliseconds ${range}`);
    }
    return value;
  }

  choice<T extends string | boolean>(key: string, options: readonly T[], elsewhere?: string): T | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;

    const found = options.find((option) => option === value);
    if (found === undefined)
      throw this.refuse(key, either(options.map(show)), { options, ...(elsewhere && { why: elsewhere }) });
    return found;
  }

  /** A string or a list of strings, as a list. */
  texts(key: string): readonly string[] | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;

    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (!list.every((entry): entry is string => typeof entry === 'string' && entry.trim() !== '')) {
      throw this.refuse(key, 'a string or a list of strings, none empty');
    }
    return list;
  }

  /** The error for a value that cannot be accepted. */
  refuse(
    key: string,
    accepted: string,
    hints: { options?: readonly unknown[]; why?: string; remedy?: string; value?: unknown } = {},
  ): ConfigError {
    const value = 'value' in hints ? hints.value : this.raw(key);
    const options = (hints.options ?? []).filter((option) => typeof option === 'string');
    const meant = typeof value === 'string' ? nearest(value, options) : undefined;

    return new ConfigError({
      what: `${this.name(key)} in ${this.source} is ${show(value)}.`,
      why: hints.why ?? `Accepted is ${accepted}.`,
      remedy: hints.remedy ?? (meant === undefined ? '' : `Did you mean ${show(meant)}?`),
    });
  }

  #unknownKey(key: string, value: unknown, keys: readonly string[], elsewhere: readonly string[]): ConfigError {
    const local = nearest(key, keys);
    const misplaced = elsewhere.find((path) => path.split('.').at(-1) === key);
    const meant = misplaced ?? (local === undefined ? undefined : this.name(local));

    return new ConfigError({
      what: `${this.name(key)} in ${this.source} is not a known key (its value is ${show(value)}).`,
      why: `The keys ${this.#path === '' ? 'of the config' : `of ${this.#path}`} are ${keys.join(', ')}.`,
      remedy: meant === undefined ? 'Remove it.' : `Did you mean ${meant}?`,
    });
  }
}

/** An object that is read by keys, not a list, a function or an instance of a built-in class. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === '[object Object]';
}
