import { RequestError } from '../../errors.js';
import type { RequestCookies } from '../options.js';
import { describe } from '../request/describe.js';

/**
 * The cookies as texts; `null` where a cookie is not to be sent.
 *
 * @throws RequestError naming the cookie for names and values that a Cookie header cannot carry.
 */
export function readCookies(label: string, cookies: RequestCookies): ReadonlyMap<string, string | null> {
  const given: unknown = cookies;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new RequestError({
      what: `${label}: cookies is ${describe(given)}.`,
      remedy: "Give an object, e.g. { cookies: { theme: 'dark' } }.",
    });
  }

  const texts = new Map<string, string | null>();
  for (const [name, value] of Object.entries(cookies)) {
    checkName(label, name);
    texts.set(name, value === null ? null : checkedValue(label, name, value));
  }
  return texts;
}

function checkName(label: string, name: string): void {
  // A token, as RFC 6265 section 4.1.1 has it.
  if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)) return;

  throw new RequestError({
    what: `${label}: ${JSON.stringify(name)} cannot be a cookie's name.`,
    remedy: "A name consists of letters, digits and !#$%&'*+-.^_`|~.",
  });
}

function checkedValue(label: string, name: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new RequestError({
      what: `${label}: the cookie ${name} is ${describe(value)}.`,
      remedy: 'Give a string, a number or a boolean, or null to leave a cookie of the jar out.',
    });
  }
  const text = String(value);
  if (/^[\x20-\x3a\x3c-\x7e]*$/.test(text)) return text;

  throw new RequestError({
    what: `${label}: the cookie ${name} contains a character that a cookie cannot carry: ${describe(text)}.`,
    why: 'A semicolon would end the cookie, a line break the header; other characters than ASCII have no encoding of their own.',
    remedy: 'Encode it as the app expects, e.g. with encodeURIComponent.',
  });
}
