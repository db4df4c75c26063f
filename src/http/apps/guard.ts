import type { IncomingMessage, ServerResponse } from 'node:http';
import { lazily } from '../../lazily.js';
import type { Failures } from '../failures.js';
import { watchErrorMiddleware } from './error-middleware.js';

/** A plain `(request, response)` listener, as `http.createServer` takes it. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** What Express (and Connect, which it grew from) adds to a listener. */
export interface MiddlewareApp {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): unknown;
  handle: (...args: unknown[]) => unknown;
  use: (...args: unknown[]) => unknown;
  get?: (setting: string) => unknown;
}

type FinalHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  options: { env: string | undefined },
) => (error?: unknown) => void;

// Express's own last handler. It is CommonJS and has no types of its own.
const finalhandler = lazily<FinalHandler>('finalhandler');

export function isMiddlewareApp(value: unknown): value is MiddlewareApp {
  if (typeof value !== 'function') return false;
  const { handle, use } = value as { handle?: unknown; use?: unknown };
  return typeof handle === 'function' && typeof use === 'function';
}

/** The listener in a form that reports the errors that leave it. */
export function guard(listener: Listener | MiddlewareApp, failures: Failures): Listener {
  return isMiddlewareApp(listener) ? guardMiddleware(listener, failures) : guardListener(listener, failures);
}

/**
 * Calls the app with a `next` of our own. Express calls it with what no error handler of the app took;
 * given no `next` it would answer by itself, which is then done here in the same way.
 */
function guardMiddleware(app: MiddlewareApp, failures: Failures): Listener {
  const watch = watchErrorMiddleware(app, failures);

  return (request, response) => {
    watch(request);
    const next = (error?: unknown): void => {
      if (error !== undefined && error !== null) {
        failures.record(request, { error, kind: 'unhandled', late: response.headersSent });
      }
      // A complete answer needs no other; the final handler would cut the connection, which is in use again.
      if (response.writableEnded) return;

      const env = app.get?.('env');
      finalhandler()(request, response, { env: typeof env === 'string' ? env : process.env['NODE_ENV'] })(error);
    };
    return app(request, response, next);
  };
}

/** A listener that throws, or whose promise rejects, would end the process in production: nothing answers for it. */
function guardListener(listener: Listener, failures: Failures): Listener {
  return function (this: unknown, request, response) {
    const fail = (error: unknown): void => {
      failures.record(request, { error, kind: 'unhandled', late: response.headersSent });
      if (!response.writableEnded) response.destroy();
    };

    try {
      const result = listener.call(this, request, response);
      if (isThenable(result)) result.then(undefined, fail);
      return result;
    } catch (error) {
      fail(error);
      return undefined;
    }
  };
}

/** Whether `value` can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
