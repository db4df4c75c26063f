import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppKind } from './app.js';
import { guard } from './guard.js';
import type { Listener } from './guard.js';
import { runOnOwnServer } from './own-server.js';

type ErrorHandler = (error: unknown, request: IncomingMessage, response: ServerResponse, next: unknown) => unknown;

/** The part of a Polka app that is used. */
export interface PolkaApp {
  readonly handler: Listener;
  onError: ErrorHandler;
  readonly onNoMatch: unknown;
  use: unknown;
}

/** Polka. */
export const polka: AppKind<PolkaApp> = {
  name: 'Polka',

  matches(value): value is PolkaApp {
    if (typeof value !== 'object' || value === null) return false;
    const { handler, onError, onNoMatch, use } = value as Partial<PolkaApp>;
    return [handler, onError, onNoMatch, use].every((method) => typeof method === 'function');
  },

  run(app, failures) {
    const { onError } = app;
    // Polka's own function is shared by all apps that were not given another one.
    const isDefault = onError === freshHandler(app);
    app.onError = (error, request, response, next) => {
      if (isRealError(error)) {
        const kind = isDefault ? 'unhandled' : 'handled';
        failures.record(request, { error, kind, late: response.headersSent });
      }
      return onError(error, request, response, next);
    };

    // Polka calls a lone handler and its first middleware without a net: what is thrown there leaves the listener.
    const listener: Listener = (request, response) => app.handler(request, response);
    const running = runOnOwnServer('Polka', guard(listener, failures), failures);
    return Promise.resolve({
      ...running,
      async stop() {
        app.onError = onError;
        await running.stop();
      },
    });
  },
};

/** `onNoMatch` passes `{ code: 404 }` through the error handler. */
function isRealError(error: unknown): boolean {
  return error instanceof Error || typeof error !== 'object' || error === null || !('code' in error);
}

function freshHandler(app: PolkaApp): unknown {
  try {
    const Polka = app.constructor as new () => Partial<PolkaApp>;
    return new Polka().onError;
  } catch {
    return undefined;
  }
}
