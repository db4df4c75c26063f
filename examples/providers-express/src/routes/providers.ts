import { Router } from 'express';
import * as connections from '../services/connections.js';
import * as providers from '../services/providers.js';
import * as input from './input.js';

export const providerRoutes: Router = Router();

providerRoutes.get('/', async (req, res) => {
  const page = input.page(req.query);
  const { items, total } = await providers.list(input.providerFilter(req.query), page);

  res.json({ items, ...page, total });
});

providerRoutes.post('/', async (req, res) => {
  const provider = await providers.create(input.newProvider(req.body));

  res.status(201).location(`${req.baseUrl}/${provider.id}`).json(provider);
});

providerRoutes.post('/import', async (req, res) => {
  const items = await providers.createAll(input.newProviders(req.body));

  res.status(201).json({ items });
});

providerRoutes.get('/:id', async (req, res) => {
  res.json(await providers.get(input.id(req.params.id)));
});

providerRoutes.patch('/:id', async (req, res) => {
  res.json(await providers.update(input.id(req.params.id), input.providerChanges(req.body)));
});

providerRoutes.delete('/:id', async (req, res) => {
  await providers.remove(input.id(req.params.id));

  res.status(204).end();
});

providerRoutes.post('/:id/connect', async (req, res) => {
  const { connection, authorizationUrl } = await connections.connect(
    input.id(req.params.id),
    input.accountRef(req.body),
  );

  res.status(201).json({ connection, authorizationUrl });
});
