import http from 'node:http';
import type { ClientRequest, RequestOptions } from 'node:http';

type ClientRequestClass = new (options: RequestOptions) => ClientRequest;

/**
 * Node's own way of sending a request, by the protocols that superagent knows. In memory there is
 * nothing for a network blocker (nock, msw) to block, and it would see a request without a socket.
 */
export const NODE_REQUEST: Readonly<Record<'http:' | 'https:', { request(options: RequestOptions): ClientRequest }>> = {
  'http:': { request: (options) => new (nodeClientRequest())(options) },
  'https:': { request: (options) => new (nodeClientRequest())(options) },
};

/**
 * The class that `http.request` makes (lib/http.js), also when a blocker was loaded before us: it puts
 * a subclass or a proxy in its place, and both lead back to the prototype right above OutgoingMessage.
 */
function nodeClientRequest(): ClientRequestClass {
  let prototype = http.ClientRequest.prototype as object;

  for (let above = prototype; above !== null && above !== http.OutgoingMessage.prototype;) {
    prototype = above;
    above = Object.getPrototypeOf(above) as object;
  }
  return prototype.constructor as ClientRequestClass;
}
