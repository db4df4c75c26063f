import { channel } from 'node:diagnostics_channel';
import { Server } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Server as SecureServer } from 'node:https';
import { AppError } from '../../errors.js';
import type { Failures } from '../failures.js';
import { isHttp2Server } from '../http2/server.js';
import { describe } from '../request/describe.js';
import type { AppKind } from './app.js';
import { watchDefaultErrors } from './fastify-errors.js';

/** The part of a Fastify instance that is used. */
export interface FastifyApp {
  readonly server: unknown;
  ready(): PromiseLike<unknown>;
  close(): PromiseLike<unknown>;
  inject: unknown;
  route: unknown;
}

/** What Fastify publishes on its error channel (docs: Reference/Hooks, diagnostics channel hooks). */
interface HandlerError {
  readonly request: { readonly raw: IncomingMessage };
  readonly reply: { readonly sent: boolean };
  readonly error: unknown;
}

const HANDLER_ERROR = 'tracing:fastify.request.handler:error';

/** Fastify 5 (and 4). */
export const fastify: AppKind<FastifyApp> = {
  name: 'Fastify',

  matches(value): value is FastifyApp {
    if (typeof value !== 'object' || value === null) return false;
    const { ready, close, inject, route } = value as Partial<FastifyApp>;
    return [ready, close, inject, route].every((method) => typeof method === 'function');
  },

  async run(app, failures) {
    await app.ready();
    const { server } = app;
    if (!(server instanceof Server) && !(server instanceof SecureServer) && !isHttp2Server(server)) {
      throw new AppError({
        what: `The Fastify app's server is ${describe(server)}.`,
        remedy: 'Build the app for tests without a serverFactory of another protocol.',
      });
    }

    const unwatch = watchErrors(app, failures);
    server.prependListener('request', failures.link);
    return {
      kind: 'Fastify',
      server,
      async stop() {
        unwatch();
        server.removeListener('request', failures.link);
        // A server of HTTP/2 has no such method; its sessions are closed by then.
        if (!isHttp2Server(server)) server.closeAllConnections();
        await app.close();
      },
    };
  },
};

/**
 * The channel tells of every error of a handler, before it is known what becomes of it; the default
 * error handler gets those that the app's own error handlers did not answer, from hooks too.
 */
function watchErrors(app: FastifyApp, failures: Failures): () => void {
  const unwatch = watchDefaultErrors(app, (request, error) => {
    failures.record(request, { error, kind: 'unhandled', late: false });
  });

  const onHandlerError = (message: unknown): void => {
    const { request, reply, error } = message as HandlerError;
    // Without sight of the default handler every error counts as unhandled; the status will tell.
    const kind = reply.sent || unwatch === undefined ? 'unhandled' : 'handled';
    failures.record(request.raw, { error, kind, late: reply.sent });
  };
  channel(HANDLER_ERROR).subscribe(onHandlerError);

  return () => {
    channel(HANDLER_ERROR).unsubscribe(onHandlerError);
    unwatch?.();
  };
}
