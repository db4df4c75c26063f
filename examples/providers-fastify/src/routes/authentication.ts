import { createHash, timingSafeEqual } from 'node:crypto';
import type { onRequestHookHandler } from 'fastify';
import { UnauthorizedError } from '../errors.js';
import { settings } from '../settings.js';

// Digests have one length, which timingSafeEqual needs, and tell nothing about the key's own.
const digest = (key: string) => createHash('sha256').update(key).digest();
const known = settings.apiKeys.map(digest);

/** Lets only requests with `Authorization: Bearer <API key>` pass. */
export const requireApiKey: onRequestHookHandler = (request, _reply, next) => {
  const [scheme, key] = (request.headers.authorization ?? '').split(' ');
  if (scheme !== 'Bearer' || !key) throw new UnauthorizedError('Send an API key as a bearer token.');

  const sent = digest(key);
  if (!known.some((one) => timingSafeEqual(one, sent))) throw new UnauthorizedError('This API key is not known.');

  next();
};
