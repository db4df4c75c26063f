// A synchronous GET of a trivial app, beside awaited supertest over TCP.
import express from 'express';
import fastify from 'fastify';
import supertest from 'supertest';
import { createClient } from '#src/http/index.js';
import { inTurns, report, timeAsync, timeSync } from './measure.mjs';
import { underHop } from './under-hop.mjs';

const TIMES = 300;

export default async function request() {
  const app = express();
  app.get('/', (req, res) => res.json({ hello: 'world' }));
  const server = fastify();
  server.get('/', () => ({ hello: 'world' }));

  const overExpress = createClient({ app: () => app });
  const overFastify = createClient({ app: () => server });
  await overExpress.start();
  await overFastify.start();

  const [ours, awaited, fast, injected] = await inTurns([
    () => underHop(() => timeSync(() => overExpress.client.get('/').body, TIMES)),
    () => timeAsync(() => supertest(app).get('/'), TIMES),
    () => underHop(() => timeSync(() => overFastify.client.get('/').body, TIMES)),
    () => timeAsync(() => server.inject('/'), TIMES),
  ]);
  report('sync GET, Express 5', ours, awaited, 'await supertest', 'µs', '≤ 0.35x');
  report('sync GET, Fastify 5', fast, injected, 'await inject', 'µs', '≤ 3x');

  await overExpress.stop();
  await overFastify.stop();
}
