import type { IncomingMessage } from 'node:http';
import type { Failures } from '../failures.js';
import type { AppKind } from './app.js';
import { guard } from './guard.js';
import type { Listener } from './guard.js';
import { runOnOwnServer } from './own-server.js';

/** The part of a Koa app that is used. */
export interface KoaApp {
  readonly middleware: unknown;
  /** Prototype of the context of each request. */
  readonly context: { onerror: (this: KoaContext, error: unknown) => unknown };
  use: unknown;
  callback(): Listener;
  on(event: 'error', listener: ErrorListener): unknown;
  off(event: 'error', listener: ErrorListener): unknown;
}

interface KoaContext {
  readonly req: IncomingMessage;
  readonly headerSent: boolean;
}

type ErrorListener = (error: unknown, context?: Partial<KoaContext>) => void;

/** Koa 2 and 3. */
export const koa: AppKind<KoaApp> = {
  name: 'Koa',

  matches(value): value is KoaApp {
    if (typeof value !== 'object' || value === null) return false;
    const { callback, use, middleware, context } = value as Partial<KoaApp>;
    return (
      typeof callback === 'function' &&
      typeof use === 'function' &&
      Array.isArray(middleware) &&
      typeof context?.onerror === 'function'
    );
  },

  run(app, failures) {
    const unwatch = watch(app, failures);
    const running = runOnOwnServer('Koa', guard(app.callback(), failures), failures);

    return Promise.resolve({
      ...running,
      async stop() {
        unwatch();
        await running.stop();
      },
    });
  },
};

/**
 * `ctx.onerror` is where an error ends that no middleware caught (koa/lib/context.js). The app's
 * `error` event tells of those too, and of errors that a middleware has answered and only reports.
 */
function watch(app: KoaApp, failures: Failures): () => void {
  const { onerror } = app.context;

  app.context.onerror = function (error) {
    // Called without an error as well, when a response has ended.
    if (error !== undefined && error !== null) {
      failures.record(this.req, { error, kind: 'unhandled', late: this.headerSent });
    }
    return onerror.call(this, error);
  };
  // Beside telling of errors it keeps Koa from printing them: it does that when nobody listens.
  const onError: ErrorListener = (error, context) => {
    if (context?.req) failures.record(context.req, { error, kind: 'handled', late: false });
  };
  app.on('error', onError);

  return () => {
    app.context.onerror = onerror;
    app.off('error', onError);
  };
}
