import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import fastify5 from 'fastify';
import type { ErrorRequestHandler } from 'express';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import Koa from 'koa';
import polka from 'polka';
import { EXPRESS } from '../frameworks.js';
import { nestOnExpress, nestOnFastify } from './nest-app.js';
import { boom, events, later } from './routes.js';

const fastify4 = createRequire(import.meta.url)('fastify4') as typeof fastify5;

/** One framework's app with the same routes as all others. */
export interface AppUnderTest {
  readonly name: string;
  /** What the user gives to Lockstep. */
  readonly make: () => unknown;
  /** What a framework has that others have not. */
  readonly lacks?: readonly ('handled' | 'teapot' | 'busy' | 'lifespan')[];
  /** How a framework treats an error thrown with status 503: as an error, or as the answer. */
  readonly busy?: 'error' | 'answer';
  /** Whether the error is known that a handler of the app has answered. */
  readonly tells?: boolean;
}

async function readBody(request: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function known(): Error {
  return Object.assign(new Error('known'), { known: true });
}

function expressApp(express: (typeof EXPRESS)[number][1]): unknown {
  const app = express().use(express.json());
  app.get('/hello', (_req, res, next) => void later().then(() => res.json({ hello: 'world' }), next));
  app.post('/echo', (req, res) => void res.json(req.body as unknown));
  app.get('/boom', (_req, _res, next) => void later().then(() => next(boom)));
  app.get('/teapot', (_req, _res, next) => next(Object.assign(new Error('short and stout'), { status: 418 })));
  app.get('/busy', (_req, _res, next) => next(Object.assign(new Error('busy'), { status: 503 })));
  app.get('/handled', (_req, _res, next) => next(known()));
  app.get('/address', (req, res) => void res.send(req.ip));
  app.get('/stream', (_req, res) => {
    res.write('one\n');
    setImmediate(() => res.end('two\n'));
  });
  app.use(((error: { known?: boolean }, _req, res, next) => {
    if (error.known === true) res.status(500).json({ handled: true });
    else next(error);
  }) as ErrorRequestHandler);
  return app;
}

function fastifyApp(fastify: typeof fastify5): unknown {
  const app = fastify();
  app.addHook('onReady', (done) => void (events.push('start'), done()));
  app.addHook('onClose', (_instance, done) => void (events.push('stop'), done()));
  app.get('/hello', async () => {
    await later();
    return { hello: 'world' };
  });
  app.post('/echo', (request) => request.body);
  app.get('/boom', async () => {
    await later();
    throw boom;
  });
  app.get('/teapot', () => {
    throw Object.assign(new Error('short and stout'), { statusCode: 418 });
  });
  app.get('/busy', () => {
    throw Object.assign(new Error('busy'), { statusCode: 503 });
  });
  app.get(
    '/handled',
    { errorHandler: (_error, _request, reply) => void reply.code(500).send({ handled: true }) },
    () => {
      throw known();
    },
  );
  app.get('/address', (request) => request.ip);
  app.get('/stream', (_request, reply) => reply.send(Readable.from(['one\n', 'two\n'])));
  return app;
}

function koaApp(): unknown {
  const app = new Koa();
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      if ((error as { known?: boolean }).known !== true) throw error;
      ctx.status = 500;
      ctx.body = { handled: true };
      ctx.app.emit('error', error, ctx);
    }
  });
  app.use(async (ctx) => {
    if (ctx.path === '/hello') {
      await later();
      ctx.body = { hello: 'world' };
    }
    if (ctx.path === '/echo') {
      ctx.type = 'json';
      ctx.body = await readBody(ctx.req);
    }
    if (ctx.path === '/boom') {
      await later();
      throw boom;
    }
    if (ctx.path === '/teapot') ctx.throw(418, 'short and stout');
    if (ctx.path === '/busy') ctx.throw(503, 'busy');
    if (ctx.path === '/handled') throw known();
    if (ctx.path === '/address') ctx.body = ctx.ip;
    if (ctx.path === '/stream') ctx.body = Readable.from(['one\n', 'two\n']);
  });
  return app;
}

function honoApp(): unknown {
  const part = new Hono();
  part.onError((error, c) => c.json({ handled: error.message === 'known' }, 500));
  part.get('/handled', () => {
    throw known();
  });
  const app = new Hono<{ Bindings: { incoming: IncomingMessage } }>();
  app.get('/hello', async (c) => {
    await later();
    return c.json({ hello: 'world' });
  });
  app.post('/echo', async (c) => c.json(await c.req.json()));
  app.get('/boom', async () => {
    await later();
    throw boom;
  });
  app.get('/teapot', () => {
    throw new HTTPException(418, { message: 'short and stout' });
  });
  app.get('/busy', () => {
    throw new HTTPException(503, { message: 'busy' });
  });
  app.get('/address', (c) => c.text(c.env.incoming.socket.remoteAddress ?? ''));
  app.get('/stream', () => new Response(webStream()));
  app.route('/', part);
  return app;
}

function webStream(): ReadableStream<Uint8Array> {
  return Readable.toWeb(Readable.from([Buffer.from('one\n'), Buffer.from('two\n')])) as ReadableStream<Uint8Array>;
}

async function handleFetch(request: Request, env?: { incoming: IncomingMessage }): Promise<Response> {
  const { pathname } = new URL(request.url);
  await later();
  if (pathname === '/hello') return Response.json({ hello: 'world' });
  if (pathname === '/echo') return Response.json(await request.json());
  if (pathname === '/boom') throw boom;
  if (pathname === '/address') return new Response(env?.incoming.socket.remoteAddress ?? '');
  if (pathname === '/stream') return new Response(webStream());
  return new Response(pathname, { status: 404 });
}

function polkaApp(): unknown {
  return polka()
    .get('/hello', (_req, res) => void later().then(() => json(res, { hello: 'world' })))
    .post('/echo', (req, res) => void readBody(req).then((text) => json(res, JSON.parse(text))))
    .use((_req, _res, next) => next())
    .get(
      '/boom',
      ((_req: unknown, _res: unknown, next: (error: Error) => void) => void later().then(() => next(boom))) as never,
    )
    .get('/teapot', ((_req: unknown, _res: unknown, next: (error: Error) => void) =>
      next(Object.assign(new Error('short and stout'), { status: 418 }))) as never)
    .get('/busy', ((_req: unknown, _res: unknown, next: (error: Error) => void) =>
      next(Object.assign(new Error('busy'), { status: 503 }))) as never)
    .get('/address', (req, res) => void res.end(req.socket.remoteAddress))
    .get('/stream', (_req, res) => {
      res.write('one\n');
      setImmediate(() => res.end('two\n'));
    });
}

function json(res: ServerResponse, value: unknown): void {
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify(value));
}

function listener(req: IncomingMessage, res: ServerResponse): void {
  if (req.url === '/hello') void later().then(() => json(res, { hello: 'world' }));
  else if (req.url === '/echo') void readBody(req).then((text) => json(res, JSON.parse(text)));
  else if (req.url === '/boom') throw boom;
  else if (req.url === '/address') res.end(req.socket.remoteAddress);
  else if (req.url === '/stream') {
    res.write('one\n');
    setImmediate(() => res.end('two\n'));
  } else res.writeHead(404).end();
}

/** Every kind of app that the client can drive. */
export const APPS: readonly AppUnderTest[] = [
  { name: 'Express 4', make: () => expressApp(EXPRESS[0]![1]), tells: true, lacks: ['lifespan'], busy: 'error' },
  { name: 'Express 5', make: () => expressApp(EXPRESS[1]![1]), tells: true, lacks: ['lifespan'], busy: 'error' },
  { name: 'Fastify 4', make: () => fastifyApp(fastify4), busy: 'error' },
  { name: 'Fastify 5', make: () => fastifyApp(fastify5), tells: true, busy: 'error' },
  { name: 'Koa 3', make: koaApp, tells: true, lacks: ['lifespan'], busy: 'error' },
  { name: 'NestJS on Express', make: nestOnExpress, busy: 'answer', lacks: ['handled'] },
  { name: 'NestJS on Fastify', make: nestOnFastify, busy: 'answer', lacks: ['handled'] },
  { name: 'Hono', make: honoApp, lacks: ['lifespan'], busy: 'answer' },
  { name: 'Polka', make: polkaApp, lacks: ['lifespan', 'handled'], busy: 'error' },
  { name: 'fetch object', make: () => ({ fetch: handleFetch }), lacks: ['lifespan', 'handled', 'teapot', 'busy'] },
  {
    name: 'fetch function',
    make: () => (request: Request) => handleFetch(request, undefined),
    lacks: ['lifespan', 'handled', 'teapot', 'busy'],
  },
  { name: 'listener', make: () => listener, lacks: ['lifespan', 'handled', 'teapot', 'busy'] },
  { name: 'http.Server', make: () => createServer(listener), lacks: ['lifespan', 'handled', 'teapot', 'busy'] },
];
