import type { RequestHeaders, UserOptions } from '../options.js';
import { checkAddress } from './address.js';
import { authorization } from './auth.js';
import { addHeaders } from './headers.js';
import { checkNames } from './names.js';
import { checkBase, formatTarget, readTarget } from './target.js';

const OPTIONS = ['auth', 'headers', 'cookies', 'baseUrl', 'clientAddress'] as const;

/**
 * Refuses what cannot describe a user.
 *
 * @throws RequestError naming the option.
 */
export function readUserOptions(label: string, options: UserOptions): void {
  checkNames(label, options, OPTIONS);

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
