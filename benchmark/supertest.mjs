// Synchronous supertest in memory, beside awaited supertest over TCP: the same package below.
import express from 'express';
import fastify from 'fastify';
import supertest from 'supertest';
import request from '#src/http/supertest/index.js';
import { inTurns, report, timeAsync, timeSync } from './measure.mjs';
import { underHop } from './under-hop.mjs';

const TIMES = 300;

export default async function supertestBenchmark() {
  const app = express();
  app.get('/', (req, res) => res.json({ hello: 'world' }));
  app.use(express.json());
  app.post('/', (req, res) => res.status(201).json(req.body));
  const server = fastify();
  server.get('/', () => ({ hello: 'world' }));
  await server.ready();

  const [get, awaitedGet, post, awaitedPost, fast, awaitedFast] = await inTurns([
    () => underHop(() => timeSync(() => request(app).get('/').expect(200).body, TIMES)),
    () => timeAsync(() => supertest(app).get('/').expect(200), TIMES),
    () => underHop(() => timeSync(() => request(app).post('/').send({ name: 'Erste' }).expect(201).body, TIMES)),
    () => timeAsync(() => supertest(app).post('/').send({ name: 'Erste' }).expect(201), TIMES),
    () => underHop(() => timeSync(() => request(server).get('/').expect(200).body, TIMES)),
    () => timeAsync(() => supertest(server.server).get('/').expect(200), TIMES),
  ]);
  report('sync supertest GET, Express 5', get, awaitedGet, 'await supertest', 'µs', '≤ 0.7x');
  report('sync supertest POST, Express 5', post, awaitedPost, 'await supertest', 'µs', '≤ 0.7x');
  report('sync supertest GET, Fastify 5', fast, awaitedFast, 'await supertest', 'µs', '≤ 0.7x');

  await server.close();
}
