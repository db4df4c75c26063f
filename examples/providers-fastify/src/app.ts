import fastify, { type FastifyInstance } from 'fastify';
import { pool } from './db.js';
import { requireApiKey } from './routes/authentication.js';
import { callbackRoutes, connectionRoutes } from './routes/connections.js';
import { answerFailure, nothingHere } from './routes/failures.js';
import { providerRoutes } from './routes/providers.js';
import { settings } from './settings.js';

/** The whole API; it listens nowhere by itself. */
export const app: FastifyInstance = fastify({
  logger: { level: settings.logLevel },
  // An answer of 422 names every field that is wrong, in the words of its schema.
  ajv: { customOptions: { allErrors: true, verbose: true } },
});

app.setNotFoundHandler(nothingHere);
app.setErrorHandler(answerFailure);
app.addHook('onClose', () => pool.end());

app.register(callbackRoutes, { prefix: '/api/v1/callback' });

app.register((keyed, _options, done) => {
  keyed.addHook('onRequest', requireApiKey);
  keyed.register(providerRoutes, { prefix: '/api/v1/providers' });
  keyed.register(connectionRoutes, { prefix: '/api/v1/connections' });

  done();
});
