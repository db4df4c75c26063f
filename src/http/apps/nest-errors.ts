import type { IncomingMessage } from 'node:http';

/** What Nest hands to a filter beside the exception. */
interface ArgumentsHost {
  getArgByIndex(index: number): unknown;
}

interface ExceptionsHandler {
  invokeCustomFilters: (this: ExceptionsHandler, exception: unknown, host: ArgumentsHost) => boolean;
}

interface BaseExceptionFilter {
  handleUnknownError: (
    this: BaseExceptionFilter,
    exception: unknown,
    host: ArgumentsHost,
    ...rest: unknown[]
  ) => unknown;
}

export type Watcher = (request: IncomingMessage, exception: unknown, kind: 'handled' | 'unhandled') => void;

/** The part of a NestApplication that leads to its exception layer; private in its types. */
interface Resolver {
  readonly routesResolver?: {
    readonly routerExceptionsFilter?: {
      create?(instance: object, callback: () => void, moduleKey: string | undefined): object;
    };
  };
}

const watchersOf = new WeakMap<object, Set<Watcher>>();

/**
 * Calls `watcher` with each exception that reaches the exception layer of this copy of Nest. Returns
 * what takes it away; undefined where this version cannot be watched.
 *
 * `unhandled` are those that end in `BaseExceptionFilter.handleUnknownError`, which answers 500 with
 * "Internal server error" (@nestjs/core/exceptions); an HttpException, and what a filter of the app
 * took, is `handled`. The layer's classes are reached through one that is made as a sample: the app
 * may have been initialised, and its routes bound, before it was given to us.
 */
export function watchExceptions(app: object, watcher: Watcher): (() => void) | undefined {
  const handler = prototypeWith<ExceptionsHandler>(sample(app), 'invokeCustomFilters');
  const base = handler && prototypeWith<BaseExceptionFilter>(handler, 'handleUnknownError');
  if (handler === undefined || base === undefined) return undefined;

  const watchers = watchersOf.get(handler) ?? watch(handler, base);
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Patched for good: taking it away again could bring back what somebody else has replaced since. */
function watch(handler: ExceptionsHandler, base: BaseExceptionFilter): Set<Watcher> {
  const watchers = new Set<Watcher>();
  const tell = (kind: 'handled' | 'unhandled', exception: unknown, host: ArgumentsHost): void => {
    const request = messageOf(host.getArgByIndex(0));
    if (request !== undefined) for (const watcher of watchers) watcher(request, exception, kind);
  };
  const { invokeCustomFilters } = handler;
  const { handleUnknownError } = base;

  watchersOf.set(handler, watchers);
  handler.invokeCustomFilters = function (exception, host) {
    tell('handled', exception, host);
    return invokeCustomFilters.call(this, exception, host);
  };
  base.handleUnknownError = function (exception, host, ...rest) {
    tell('unhandled', exception, host);
    return handleUnknownError.call(this, exception, host, ...rest);
  };
  return watchers;
}

function sample(app: object): object | undefined {
  const filters = (app as Resolver).routesResolver?.routerExceptionsFilter;
  try {
    return filters?.create?.({}, () => undefined, undefined);
  } catch {
    return undefined;
  }
}

function prototypeWith<T extends object>(value: object | undefined, method: keyof T & string): T | undefined {
  for (let object = value; object !== undefined && object !== null; object = Object.getPrototypeOf(object) as object) {
    if (Object.hasOwn(object, method)) return object as T;
  }
  return undefined;
}

/** Node's request: Express hands it to filters itself, Fastify under `raw`. */
function messageOf(request: unknown): IncomingMessage | undefined {
  if (typeof request !== 'object' || request === null) return undefined;
  return ('raw' in request ? request.raw : request) as IncomingMessage;
}
