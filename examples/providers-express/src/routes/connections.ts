import { Router } from 'express';
import * as connections from '../services/connections.js';
import * as input from './input.js';

export const connectionRoutes: Router = Router();

connectionRoutes.get('/:id', async (req, res) => {
  const connection = await connections.get(input.id(req.params.id));
  const token = await connection.token;

  res.json({ ...connection, token: token ? { version: token.version, expiresAt: token.expiresAt } : null });
});

connectionRoutes.post('/:id/refresh', async (req, res) => {
  const { version, expiresAt } = await connections.refresh(input.id(req.params.id));

  res.json({ version, expiresAt });
});

connectionRoutes.post('/:id/disconnect', async (req, res) => {
  res.json(await connections.disconnect(input.id(req.params.id)));
});

/** Where providers send the account's owner back to: a browser, so it brings no API key. */
export const callbackRoutes: Router = Router();

callbackRoutes.get('/', async (req, res) => {
  const { state, code } = input.callback(req.query);

  res.json(await connections.complete(state, code));
});
