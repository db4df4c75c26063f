import type { FastifyPluginCallback } from 'fastify';
import * as connections from '../services/connections.js';
import * as schemas from './schemas.js';

interface ById {
  Params: { id: number };
}

const byId = { schema: { params: schemas.id } };

export const connectionRoutes: FastifyPluginCallback = (app, _options, done) => {
  app.get<ById>('/:id', byId, async (request) => {
    const connection = await connections.get(request.params.id);
    const token = await connection.token;

    return { ...connection, token: token ? { version: token.version, expiresAt: token.expiresAt } : null };
  });

  app.post<ById>('/:id/refresh', byId, async (request) => {
    const { version, expiresAt } = await connections.refresh(request.params.id);

    return { version, expiresAt };
  });

  app.post<ById>('/:id/disconnect', byId, async (request) => {
    return connections.disconnect(request.params.id);
  });

  done();
};

/** Where providers send the account's owner back to: a browser, so it brings no API key. */
export const callbackRoutes: FastifyPluginCallback = (app, _options, done) => {
  app.get<{ Querystring: { state: string; code: string } }>(
    '/',
    { schema: { querystring: schemas.callback } },
    async (request) => {
      return connections.complete(request.query.state, request.query.code);
    },
  );

  done();
};
