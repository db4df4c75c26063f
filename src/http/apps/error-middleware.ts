import type { IncomingMessage, ServerResponse } from 'node:http';
import { noteUnclaimed } from '../failed-answers.js';
import type { Failure, Failures } from '../failures.js';
import type { MiddlewareApp } from './guard.js';

type ErrorMiddleware = (error: unknown, request: IncomingMessage, response: ServerResponse, next: unknown) => unknown;

/** An entry of a router's stack: of Express 4, of Express 5's router, of Connect. */
interface Layer {
  handle?: unknown;
  readonly route?: unknown;
}

/** Whose request it is. An app may serve several clients, and is watched once. */
const failuresOf = new WeakMap<IncomingMessage, Failures>();
const watched = new WeakSet<object>();

/**
 * Watches the app's error middleware: an error that reaches one counts as handled, unless it is passed
 * on and leaves the app after all.
 *
 * Express tells nobody about errors that were handled. Its layers hold the middleware by itself, so
 * what is replaced is the app's own, not a prototype that other apps share; it keeps the four
 * parameters by which Express knows it. What is added after the first request is not seen.
 *
 * @returns to be called with each request before the app sees it
 */
export function watchErrorMiddleware(app: MiddlewareApp, failures: Failures): (request: IncomingMessage) => void {
  watchStack(stackOf(app));
  return (request) => failuresOf.set(request, failures);
}

function watchStack(stack: unknown): void {
  if (!Array.isArray(stack) || watched.has(stack)) return;
  watched.add(stack);

  for (const layer of stack as Layer[]) {
    const { handle, route } = layer;
    // A route, a router, and an app of Connect have stacks of their own.
    watchStack(ownStack(route));
    watchStack(ownStack(handle));
    if (typeof handle === 'function' && handle.length === 4 && !watched.has(handle)) {
      layer.handle = watching(handle as ErrorMiddleware);
    }
  }
}

function watching(handle: ErrorMiddleware): ErrorMiddleware {
  function watchedHandle(
    this: unknown,
    error: unknown,
    request: IncomingMessage,
    response: ServerResponse,
    next: unknown,
  ): unknown {
    const failure: Failure = { error, kind: 'handled', late: response.headersSent };
    const failures = failuresOf.get(request);
    if (failures === undefined) noteUnclaimed(request, failure);
    else failures.record(request, failure);
    return handle.call(this, error, request, response, next);
  }

  Object.defineProperty(watchedHandle, 'name', { value: handle.name, configurable: true });
  watched.add(watchedHandle);
  return watchedHandle;
}

/** Of Express 5 (app.router), Express 4 (app._router) or Connect (app.stack). */
function stackOf(app: MiddlewareApp): unknown {
  const { _router: router, stack } = app as { readonly _router?: unknown; readonly stack?: unknown };
  if (Array.isArray(stack)) return stack;
  if (router !== undefined) return ownStack(router);
  try {
    return ownStack((app as { readonly router?: unknown }).router);
  } catch {
    // Express 4 without any route: its app.router is an error on purpose.
    return undefined;
  }
}

function ownStack(value: unknown): unknown {
  const isHolder = typeof value === 'function' || (typeof value === 'object' && value !== null);
  return isHolder ? (value as { readonly stack?: unknown }).stack : undefined;
}
