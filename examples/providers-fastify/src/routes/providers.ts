import type { FastifyPluginCallback } from 'fastify';
import { ValidationError } from '../errors.js';
import type { Page, ProviderFilter, ProviderInput } from '../models/provider.js';
import * as connections from '../services/connections.js';
import * as providers from '../services/providers.js';
import * as schemas from './schemas.js';

interface ById {
  Params: { id: number };
}

export const providerRoutes: FastifyPluginCallback = (app, _options, done) => {
  app.get<{ Querystring: ProviderFilter & Page }>(
    '/',
    { schema: { querystring: schemas.providerList } },
    async (request) => {
      const { page, perPage, ...filter } = request.query;
      const { items, total } = await providers.list(filter, { page, perPage });

      return { items, page, perPage, total };
    },
  );

  app.post<{ Body: ProviderInput }>('/', { schema: { body: schemas.newProvider } }, async (request, reply) => {
    const provider = await providers.create(request.body);

    reply.code(201).header('location', `${app.prefix}/${provider.id}`);
    return provider;
  });

  app.post<{ Body: ProviderInput[] }>('/import', { schema: { body: schemas.newProviders } }, async (request, reply) => {
    const items = await providers.createAll(request.body);

    reply.code(201);
    return { items };
  });

  app.get<ById>('/:id', { schema: { params: schemas.id } }, async (request) => {
    return providers.get(request.params.id);
  });

  app.patch<ById & { Body: Partial<ProviderInput> }>(
    '/:id',
    { schema: { params: schemas.id, body: schemas.providerChanges } },
    async (request) => {
      const changes = request.body;
      if (Object.keys(changes).length === 0) throw new ValidationError({ body: 'must name a field to change' });

      return providers.update(request.params.id, changes);
    },
  );

  app.delete<ById>('/:id', { schema: { params: schemas.id } }, async (request, reply) => {
    await providers.remove(request.params.id);

    return reply.code(204).send();
  });

  app.post<ById & { Body: { accountRef: string } }>(
    '/:id/connect',
    { schema: { params: schemas.id, body: schemas.newConnection } },
    async (request, reply) => {
      const { connection, authorizationUrl } = await connections.connect(request.params.id, request.body.accountRef);

      reply.code(201);
      return { connection, authorizationUrl };
    },
  );

  done();
};
