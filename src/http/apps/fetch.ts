import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../../errors.js';
import { describe } from '../request/describe.js';
import type { AppKind } from './app.js';
import { guard } from './guard.js';
import type { Listener } from './guard.js';
import { runOnOwnServer } from './own-server.js';
import { toWebRequest } from './web-request.js';
import { sendWebResponse } from './web-response.js';

/** What a fetch handler is given beside the request, as Hono's adapter for Node does. */
export interface NodeBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

type Handle = (request: Request, env: NodeBindings) => unknown;

/** A handler of fetch Requests: an object with `fetch`, or a function of one parameter. */
export type FetchApp = { readonly fetch: Handle } | Handle;

export const fetchHandler: AppKind<FetchApp> = {
  name: 'fetch handler',

  matches(value): value is FetchApp {
    if (typeof value === 'function') {
      // With no parameter it is a factory, with two a listener; a class is neither.
      return value.length === 1 && !/^class\b/.test(Function.prototype.toString.call(value));
    }
    return typeof value === 'object' && value !== null && typeof (value as { fetch?: unknown }).fetch === 'function';
  },

  run(app, failures) {
    const handle: Handle = typeof app === 'function' ? app : (request, env) => app.fetch(request, env);
    return Promise.resolve(runOnOwnServer('fetch handler', guard(listenerOf(handle), failures), failures));
  },
};

/** A fetch handler as a listener of Node's server. */
export function listenerOf(handle: Handle): Listener {
  return async (incoming, outgoing) => {
    const request = toWebRequest(incoming, outgoing);
    const response = await handle(request, { incoming, outgoing });

    if (!isResponse(response)) {
      throw new AppError({
        what: `The app's fetch handler returned ${describe(response)} for ${incoming.method} ${incoming.url}.`,
        why: 'A function of one parameter is taken for a handler of fetch Requests, which returns a Response.',
        remedy: 'Return a Response; a listener of Node has two parameters, a factory of an app has none.',
      });
    }
    await sendWebResponse(response, outgoing);
  };
}

/** Judged by shape: it may come from another copy of undici or from a polyfill. */
function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false;
  const { status, headers } = value as Partial<Response>;
  return typeof status === 'number' && typeof headers === 'object' && 'body' in value;
}
