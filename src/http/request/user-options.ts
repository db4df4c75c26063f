import { RequestError } from '../../errors.js';
import type { RequestHeaders, UserOptions } from '../options.js';
import { checkAddress } from './address.js';
import { authorization } from './auth.js';
import { describe } from './describe.js';
import { addHeaders } from './headers.js';
import { nearest } from './nearest.js';
import { checkBase, formatTarget, readTarget } from './target.js';

const OPTIONS = ['auth', 'headers', 'cookies', 'baseUrl', 'clientAddress'] as const;

/**
 * Refuses what cannot describe a user.
 *
 * @throws RequestError naming the option.
 */
export function readUserOptions(label: string, options: UserOptions): void {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new RequestError({
      what: `${label}: the options are ${describe(given)}.`,
      remedy: `Give an object: ${label}({ ${OPTIONS.join(', ')} }).`,
    });
  }
  for (const key of Object.keys(given)) {
    if ((OPTIONS as readonly string[]).includes(key)) continue;
    const meant = nearest(key, OPTIONS);
    throw new RequestError({
      what: `${label}: there is no option ${JSON.stringify(key)}.`,
      remedy: `${meant === undefined ? '' : `Did you mean ${meant}? `}The options are ${OPTIONS.join(', ')}.`,
    });
  }

  const { auth, headers, baseUrl, clientAddress } = options;
  if (auth !== undefined && auth !== null) authorization(label, auth);
  if (headers !== undefined) addHeaders(label, {}, headers);
  if (baseUrl !== undefined) checkBase(label, baseUrl);
  if (clientAddress !== undefined) checkAddress(label, clientAddress);
}

/** The default headers of a user: his own replace those of the same name in any case. */
export function mergeHeaders(
  inherited: RequestHeaders | undefined,
  own: RequestHeaders | undefined,
): RequestHeaders | undefined {
  if (inherited === undefined || own === undefined) return own ?? inherited;

  const names = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  const kept = Object.entries(inherited).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(kept), ...own };
}

/** The URL that a client's paths are under. */
export function addressBase(baseUrl: string | undefined): string {
  return formatTarget(readTarget('client', '/', undefined, baseUrl));
}
