import type { IncomingMessage } from 'node:http';

type ErrorHandler = (error: unknown, request: { raw: IncomingMessage }, reply: unknown) => unknown;
type Watcher = (request: IncomingMessage, error: unknown) => void;

/** The end of Fastify's chain of error handlers, shared by all instances of one copy of Fastify. */
interface RootErrorHandler {
  func: ErrorHandler;
}

const watchersOf = new WeakMap<RootErrorHandler, Set<Watcher>>();

/**
 * Calls `watcher` with each error that ends in Fastify's default error handler. Returns what takes
 * it away; undefined where this version of Fastify cannot be watched.
 *
 * Fastify keeps its error handlers as a chain of prototypes whose root is the default handler
 * (fastify/lib/error-handler.js, `buildErrorHandler`), behind the symbol `fastify.errorHandler`. No
 * public hook tells whether the default handler answered: `onError` runs for errors that the app
 * goes on to handle as well, and a route's own handler is not visible from outside.
 */
export function watchDefaultErrors(app: object, watcher: Watcher): (() => void) | undefined {
  const root = findRoot(app);
  if (root === undefined) return undefined;

  const watchers = watchersOf.get(root) ?? watch(root);
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Replaces the root's function for good: taking it away again could bring back one that is stale. */
function watch(root: RootErrorHandler): Set<Watcher> {
  const watchers = new Set<Watcher>();
  const original = root.func;

  watchersOf.set(root, watchers);
  root.func = function defaultErrorHandler(error, request, reply) {
    for (const watcher of watchers) watcher(request.raw, error);
    return original(error, request, reply);
  };
  return watchers;
}

function findRoot(app: object): RootErrorHandler | undefined {
  for (let owner: object | null = app; owner !== null; owner = Object.getPrototypeOf(owner) as object | null) {
    const symbol = Object.getOwnPropertySymbols(owner).find(
      ({ description }) => description === 'fastify.errorHandler',
    );
    if (symbol === undefined) continue;

    let handler: unknown = (owner as Record<symbol, unknown>)[symbol];
    while (isErrorHandler(handler)) {
      const parent: unknown = Object.getPrototypeOf(handler);
      if (!isErrorHandler(parent)) return handler.func.name === 'defaultErrorHandler' ? handler : undefined;
      handler = parent;
    }
    return undefined;
  }
  return undefined;
}

function isErrorHandler(value: unknown): value is RootErrorHandler {
  return typeof value === 'object' && value !== null && typeof (value as { func?: unknown }).func === 'function';
}
