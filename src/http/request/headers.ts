import { validateHeaderName, validateHeaderValue } from 'node:http';
import { RequestError } from '../../errors.js';
import type { RequestHeaders } from '../options.js';
import { describe } from './describe.js';

/** Headers by lower-case name, ready to be sent. */
export type HeaderList = Record<string, string | string[]>;

/**
 * Adds `given` to `headers`; a later value replaces an earlier one, `null` removes it.
 *
 * @throws RequestError naming the header for names and values that HTTP cannot carry.
 */
export function addHeaders(label: string, headers: HeaderList, given: RequestHeaders): void {
  const unchecked: unknown = given;
  if (typeof unchecked !== 'object' || unchecked === null || Array.isArray(unchecked)) {
    throw new RequestError({
      what: `${label}: headers is ${describe(unchecked)}.`,
      remedy: "Give an object, e.g. { headers: { authorization: 'Bearer …' } }.",
    });
  }

  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    checkName(label, name);
    if (value === null) delete headers[key];
    else if (Array.isArray(value)) headers[key] = value.map((item) => checkedValue(label, name, item));
    else headers[key] = checkedValue(label, name, value);
  }
}

function checkName(label: string, name: string): void {
  try {
    validateHeaderName(name);
  } catch (cause) {
    throw new RequestError({
      what: `${label}: ${JSON.stringify(name)} cannot be a header's name.`,
      remedy: "A name consists of letters, digits and !#$%&'*+-.^_`|~.",
      cause,
    });
  }
}

function checkedValue(label: string, name: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new RequestError({
      what: `${label}: the header ${name} is ${describe(value)}.`,
      remedy: 'Give a string or a number, an array of strings to repeat it, or null to leave a default header out.',
    });
  }

  const text = String(value);
  if (/[\r\n]/.test(text)) {
    throw new RequestError({
      what: `${label}: the header ${name} contains a line break: ${describe(text)}.`,
      why: 'It would end the header and begin another one (header injection).',
      remedy: 'Remove CR and LF from the value.',
    });
  }
  try {
    validateHeaderValue(name, text);
  } catch (cause) {
    throw new RequestError({
      what: `${label}: the header ${name} contains a character that HTTP cannot carry: ${describe(text)}.`,
      remedy: 'Encode it, e.g. with encodeURIComponent.',
      cause,
    });
  }
  return text;
}
