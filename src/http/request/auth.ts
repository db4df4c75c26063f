import { RequestError } from '../../errors.js';
import type { Auth } from '../options.js';
import { describe } from './describe.js';

/**
 * The value of the Authorization header.
 *
 * @throws RequestError for what is neither a user with a password nor a token.
 */
export function authorization(label: string, auth: Auth): string {
  const given: unknown = auth;

  if (typeof given === 'string') return `Bearer ${checkedToken(label, given)}`;
  if (Array.isArray(given) && given.length === 2 && given.every((part) => typeof part === 'string')) {
    const [user, password] = given as [string, string];
    if (!user.includes(':')) return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    throw new RequestError({
      what: `${label}: the user of auth contains a colon: ${describe(user)}.`,
      why: 'Basic authentication separates user and password by the first colon (RFC 7617, section 2).',
    });
  }
  throw new RequestError({
    what: `${label}: auth is ${describe(given)}.`,
    remedy: "Give ['user', 'password'] for Basic, a string for a Bearer token, or null for none.",
  });
}

function checkedToken(label: string, token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;

  const scheme = /^(bearer|basic|token)\s/i.exec(token)?.[1];
  throw new RequestError({
    what: `${label}: the token of auth ${token === '' ? 'is empty' : 'contains a space or a character that HTTP cannot carry'}.`,
    remedy:
      scheme === undefined
        ? 'Give the token alone; for other schemes use headers: { authorization: … }.'
        : `Give the token without "${scheme}", or use headers: { authorization: … }.`,
  });
}
