import { RequestError } from '../../errors.js';
import type { Line } from '../exchange.js';

/** @throws RequestError when the app has no port. */
export function originOf({ origin }: Line): string {
  if (origin !== undefined) return origin;

  throw new RequestError({
    what: 'client.origin: the app has no port.',
    why: "The transport is 'memory': requests go to the app without a network.",
    remedy: "Set transport: 'tcp' (client.transport in the config), or give other clients of Node client.agent.",
  });
}
