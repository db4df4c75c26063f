/**
 * Stands in for the providers' OAuth servers: the same calls over a real wait, but in this process.
 *
 * Every authorization code is honoured except `denied`, which is refused, and `stale`, whose
 * tokens have expired before they arrive.
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { GatewayError } from './errors.js';

/** What a provider hands out: both tokens in the clear, and the access token's life in seconds. */
export interface Grant {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
}

const LATENCY = 1;
const LIFETIME = 3600;

function grant(expiresIn: number): Grant {
  const secret = (kind: string) => `${kind}_${randomBytes(16).toString('hex')}`;

  return { accessToken: secret('access'), refreshToken: secret('refresh'), expiresIn };
}

/** Where the account's owner is sent to agree. */
export function authorizationUrl(slug: string, state: string): string {
  return `https://${slug}.example/authorize?state=${state}`;
}

/** @throws GatewayError when the provider refuses the code. */
export async function exchangeCode(code: string): Promise<Grant> {
  await wait(LATENCY);

  if (code === 'denied') throw new GatewayError('The provider refused the authorization code.');

  return grant(code === 'stale' ? 0 : LIFETIME);
}

/** @throws GatewayError when the provider does not know the token. */
export async function exchangeRefreshToken(refreshToken: string): Promise<Grant> {
  await wait(LATENCY);

  if (!refreshToken.startsWith('refresh_')) throw new GatewayError('The provider refused the refresh token.');

  return grant(LIFETIME);
}
