import { isDate } from 'node:util/types';
import { isDeepStrictEqual } from 'node:util';

/** One place where a value is not as wanted. */
export interface Difference {
  /** As JavaScript would write it: `items[0].name`; empty for the value itself. */
  readonly path: string;
  readonly wanted: unknown;
  readonly got: unknown;
}

/**
 * Where `got` lacks what `wanted` has. Objects may have more properties than wanted, arrays not more
 * elements; a RegExp matches a string.
 */
export function differences(wanted: unknown, got: unknown, path = ''): Difference[] {
  if (wanted instanceof RegExp) {
    return typeof got === 'string' && wanted.test(got) ? [] : [{ path, wanted, got }];
  }
  if (Array.isArray(wanted)) {
    if (!Array.isArray(got)) return [{ path, wanted, got }];
    const elements = wanted.flatMap((each, index) => differences(each, got[index], `${path}[${index}]`));
    return got.length > wanted.length
      ? [...elements, { path: `${path}.length`, wanted: wanted.length, got: got.length }]
      : elements;
  }
  if (isPlain(wanted)) {
    if (!isPlain(got)) return [{ path, wanted, got }];
    return Object.entries(wanted).flatMap(([key, each]) =>
      differences(each, Object.hasOwn(got, key) ? got[key] : undefined, joined(path, key)),
    );
  }
  // A Date is sent as its ISO text.
  const plain = isDate(wanted) ? wanted.toJSON() : wanted;
  return isDeepStrictEqual(plain, got) ? [] : [{ path, wanted: plain, got }];
}

function joined(path: string, key: string): string {
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
