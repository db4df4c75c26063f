import { Server } from 'node:http';
import { Server as SecureServer } from 'node:https';
import { AppError } from '../../errors.js';
import { describe } from '../request/describe.js';
import type { AppKind } from './app.js';
import { watchExceptions } from './nest-errors.js';

/** The part of an INestApplication that is used. */
export interface NestApp {
  init(): PromiseLike<unknown>;
  close(): PromiseLike<unknown>;
  getHttpServer(): unknown;
  getHttpAdapter(): { getInstance?(): unknown };
}

/** NestJS on Express and on Fastify. */
export const nest: AppKind<NestApp> = {
  name: 'NestJS',

  matches(value): value is NestApp {
    if (typeof value !== 'object' || value === null) return false;
    // NestFactory hands out a Proxy whose methods are found by reading them.
    const { init, close, getHttpServer, getHttpAdapter } = value as Partial<NestApp>;
    return [init, close, getHttpServer, getHttpAdapter].every((method) => typeof method === 'function');
  },

  async run(app, failures) {
    await app.init();
    const instance = app.getHttpAdapter().getInstance?.();
    // The routes of Fastify are known once it is ready; Nest leaves that to listen().
    if (isFastify(instance)) await instance.ready();
    const server = app.getHttpServer();
    if (!(server instanceof Server) && !(server instanceof SecureServer)) {
      throw new AppError({
        what: `The NestJS app's server is ${describe(server)}.`,
        remedy: 'Give an app made with NestFactory.create(), on Express or Fastify.',
      });
    }

    const unwatch = watchExceptions(app, (request, error, kind) => {
      failures.record(request, { error, kind, late: false });
    });
    server.prependListener('request', failures.link);
    return {
      kind: 'NestJS',
      server,
      async stop() {
        unwatch?.();
        server.removeListener('request', failures.link);
        server.closeAllConnections();
        await app.close();
      },
    };
  },
};

function isFastify(value: unknown): value is { ready(): PromiseLike<unknown> } {
  return typeof value === 'object' && value !== null && 'ready' in value && typeof value.ready === 'function';
}
