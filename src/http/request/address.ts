import { isIP } from 'node:net';
import { RequestError } from '../../errors.js';
import { describe } from './describe.js';

/** @throws RequestError unless `address` is an IPv4 or IPv6 address. */
export function checkAddress(label: string, address: unknown): void {
  if (typeof address === 'string' && isIP(address) !== 0) return;

  throw new RequestError({
    what: `${label}: clientAddress is ${describe(address)}.`,
    why: 'It is what the app sees as the IP address of the sender.',
    remedy: "Give an IPv4 or IPv6 address without a port, e.g. '203.0.113.7'.",
  });
}
