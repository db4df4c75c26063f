import { ClientRequest, OutgoingMessage } from 'node:http';
import type { RequestOptions } from 'node:http';

type Constructor = new (options: RequestOptions) => ClientRequest;

/**
 * Node's own `http.request`.
 *
 * Network blockers (nock, msw, and what builds on them) put functions of their own in place of
 * `http.request` and `http.ClientRequest`, often before this module is loaded. What they cannot
 * replace is the prototype that they hand on: Node's is the one right below OutgoingMessage
 * (lib/_http_client.js). None of our requests goes over a network.
 */
export function openRequest(options: RequestOptions): ClientRequest {
  return new NodesOwn(options);
}

const NodesOwn: Constructor = nodesOwn();

function nodesOwn(): Constructor {
  let prototype: object = ClientRequest.prototype;
  for (;;) {
    const parent = Object.getPrototypeOf(prototype) as object | null;
    if (parent === null || parent === OutgoingMessage.prototype) return prototype.constructor as Constructor;
    prototype = parent;
  }
}
