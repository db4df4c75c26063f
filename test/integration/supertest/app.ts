import { createReadStream } from 'node:fs';
import express, { type Express } from 'express';

/** What the app has seen of connections: a port of 80 is the in-memory transport's. */
export interface Probe {
  readonly app: Express;
  readonly ports: (number | undefined)[];
}

/** An Express app with one route for each thing that is tested. */
export function makeApp(): Probe {
  const app = express();
  const ports: (number | undefined)[] = [];

  app.use((request, _response, next) => {
    ports.push(request.socket.localPort);
    next();
  });
  app.use(express.json());
  app.use(express.urlencoded({ extended: true }));
  app.get('/', (_request, response) => void response.json({ hello: 'world' }));
  app.all('/echo', (request, response) => {
    const { method, headers, query } = request;
    const sent: unknown = request.body ?? null;
    response.json({ method, headers, query, sent });
  });
  app.get('/text', (_request, response) => void response.send('plain'));
  app.get('/slow', (_request, response) => void setTimeout(() => response.json({ slow: true }), 20));
  app.get('/silent', () => undefined);
  app.get('/missing', (_request, response) => void response.status(404).json({ error: 'no such provider' }));
  app.get('/handled', (_request, response) => void response.status(500).json({ error: 'handled' }));
  app.get('/boom', () => {
    throw new Error('the app failed');
  });
  app.get('/cut', (_request, response) => void response.destroy());
  app.get('/login', (_request, response) => void response.cookie('sid', 'one').redirect('/me'));
  app.get('/me', (request, response) => void response.json({ cookie: request.headers.cookie ?? null }));
  app.get('/file', (_request, response) => void createReadStream(new URL(import.meta.url)).pipe(response));
  return { app, ports };
}
