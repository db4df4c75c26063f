import express, { type Express } from 'express';
import { requireApiKey } from './routes/authentication.js';
import { callbackRoutes, connectionRoutes } from './routes/connections.js';
import { knownFailures, nothingHere } from './routes/failures.js';
import { providerRoutes } from './routes/providers.js';

/** The whole API; it listens nowhere by itself. */
export const app: Express = express();

app.disable('x-powered-by');
app.use(express.json());

app.use('/api/v1/callback', callbackRoutes);
app.use('/api/v1/providers', requireApiKey, providerRoutes);
app.use('/api/v1/connections', requireApiKey, connectionRoutes);

app.use(nothingHere);
app.use(knownFailures);
