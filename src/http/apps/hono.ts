import type { AppKind } from './app.js';
import { listenerOf } from './fetch.js';
import type { NodeBindings } from './fetch.js';
import { guard } from './guard.js';
import { runOnOwnServer } from './own-server.js';

type ErrorHandler = (error: unknown, context: HonoContext) => unknown;

interface HonoContext {
  readonly env: Partial<NodeBindings> | undefined;
  text(text: string, status: number): unknown;
}

/** The part of a Hono app that is used. */
export interface HonoApp {
  errorHandler: ErrorHandler;
  fetch(request: Request, env: NodeBindings): unknown;
  readonly routes: unknown;
  onError: unknown;
}

/** Hono 4. */
export const hono: AppKind<HonoApp> = {
  name: 'Hono',

  matches(value): value is HonoApp {
    if (typeof value !== 'object' || value === null) return false;
    const { fetch, onError, errorHandler, routes } = value as Partial<HonoApp>;
    return [fetch, onError, errorHandler].every((method) => typeof method === 'function') && Array.isArray(routes);
  },

  run(app, failures) {
    const { errorHandler } = app;
    // Hono's own function is shared by all apps that were not given another one with onError().
    const isDefault = errorHandler === freshHandler(app);
    app.errorHandler = (error, context) => {
      const { incoming, outgoing } = context.env ?? {};
      // An HTTPException is thrown to be answered, as Hono's documentation has it.
      const answers = typeof error === 'object' && error !== null && 'getResponse' in error;
      if (incoming) {
        const kind = isDefault && !answers ? 'unhandled' : 'handled';
        failures.record(incoming, { error, kind, late: outgoing?.headersSent === true });
      }
      // Hono's own handler prints the error, which the test is going to show.
      return isDefault && !answers ? context.text('Internal Server Error', 500) : errorHandler(error, context);
    };

    const listener = listenerOf((request, env) => app.fetch(request, env));
    const running = runOnOwnServer('Hono', guard(listener, failures), failures);
    return Promise.resolve({
      ...running,
      async stop() {
        app.errorHandler = errorHandler;
        await running.stop();
      },
    });
  },
};

function freshHandler(app: HonoApp): unknown {
  try {
    const Hono = app.constructor as new () => Partial<HonoApp>;
    return new Hono().errorHandler;
  } catch {
    return undefined;
  }
}
