import { expect } from 'chai';
import type { INestApplication } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { Hono } from 'hono';
import polka from 'polka';
import { AppError } from '#src/errors.js';
import { host, rejection, stopAll } from '../frameworks.js';
import { APPS } from './apps.js';
import { filter, nestOnExpress, nestOnFastify } from './nest-app.js';
import { boom, events } from './routes.js';

// What docs/frameworks.md says of each framework is what passes here.
for (const { name, make, lacks = [], busy, tells } of APPS) {
  describe(`http apps: ${name}`, () => {
    beforeEach(() => void events.splice(0));
    afterEach(stopAll);

    it('answers', async () => {
      const { client } = host(make());
      expect((await client.async.get('/hello')).body).to.deep.equal({ hello: 'world' });
      expect((await client.async.get('/none')).status).to.equal(404);
      const head = await client.async.head('/hello');
      expect(head.bytes.length).to.equal(0);
    });

    it('reads a body', async () => {
      const { client } = host(make());
      expect((await client.async.post('/echo', { json: { a: ['é'] } })).body).to.deep.equal({ a: ['é'] });
    });

    it('streams', async () => {
      const { client } = host(make());
      expect((await client.async.get('/stream')).text).to.equal('one\ntwo\n');
    });

    if (name !== 'fetch function') {
      it('sees the address of the client', async () => {
        const { client } = host(make());
        expect((await client.async.get('/address', { clientAddress: '203.0.113.5' })).text).to.equal('203.0.113.5');
      });
    }

    it('throws the object that a handler threw, and lives on', async () => {
      const made = host(make());
      expect(await rejection(made.client.async.get('/boom'))).to.equal(boom);
      expect((await made.client.async.get('/hello')).status).to.equal(200);
      expect(await made.endTest()).to.deep.equal([]);
    });

    if (!lacks.includes('busy')) {
      it('with raiseServerErrors: false returns its 500, where it has one', async () => {
        const res = await host(make(), { raiseServerErrors: false }).client.async.get('/boom');
        expect([res.status, res.serverError]).to.deep.equal([500, boom]);
      });
    }

    if (!lacks.includes('teapot')) {
      it('returns errors below 500, with the error beside it', async () => {
        const res = await host(make()).client.async.get('/teapot');
        expect([res.status, (res.serverError as Error).message]).to.deep.equal([418, 'short and stout']);
      });
    }

    if (busy !== undefined) {
      it(`treats an error with status 503 as ${busy === 'error' ? 'an error' : 'an answer'}`, async () => {
        const { client } = host(make());
        if (busy === 'error') expect((await rejection(client.async.get('/busy'))).message).to.equal('busy');
        else expect((await client.async.get('/busy')).status).to.equal(503);
        const message = (await rejection(client.async.get('/busy', { raiseServerErrors: '5xx' }))).message;
        expect(message).to.equal('busy');
      });
    }

    if (!lacks.includes('handled')) {
      it("returns what the app's own error handler made of it, with the error beside it", async () => {
        const { client } = host(make());
        const res = await client.async.get('/handled');
        expect([res.status, res.body]).to.deep.equal([500, { handled: true }]);
        expect((res.serverError as Error | undefined)?.message).to.equal(tells === true ? 'known' : undefined);
      });
    }

    if (!lacks.includes('lifespan')) {
      it('is started before the first request and stopped after the last', async () => {
        const made = host(make());
        await made.client.async.get('/hello');
        expect(events).to.deep.equal(['start']);
        await made.stop();
        expect(events).to.deep.equal(['start', 'stop']);
      });
    }

    it('is found behind a factory, a promise and a module', async () => {
      for (const source of [
        () => make(),
        Promise.resolve(make()),
        { default: make() },
        async () => ({ app: await make() }),
      ]) {
        const { client } = host(source);
        expect((await client.async.get('/hello')).status).to.equal(200);
      }
    });
  });
}

describe('http apps: NestJS filters', () => {
  afterEach(stopAll);

  for (const [name, make] of [
    ['Express', nestOnExpress],
    ['Fastify', nestOnFastify],
  ] as const) {
    it(`on ${name}: what a filter answers is the answer`, async () => {
      const app: INestApplication = await make();
      app.useGlobalFilters(filter as never);
      const res = await host(app).client.async.get('/handled');
      expect([res.status, res.body, (res.serverError as Error).message]).to.deep.equal([
        500,
        { handled: true },
        'known',
      ]);
    });

    it(`on ${name}: an app that was initialised before is seen through as well`, async () => {
      const app = await (await make()).init();
      expect(await rejection(host(app).client.async.get('/boom'))).to.equal(boom);
    });
  }
});

describe('http apps: error handlers of the app as a whole', () => {
  afterEach(stopAll);
  const known = new Error('known');
  const fail = (): never => {
    throw known;
  };

  it("Hono's onError", async () => {
    const app = new Hono().get('/', fail).onError((_error, c) => c.text('own', 500));
    const res = await host(app).client.async.get('/');
    expect([res.status, res.text, res.serverError]).to.deep.equal([500, 'own', known]);
  });

  it("Polka's onError", async () => {
    const onError = ((_error: unknown, _req: unknown, res: ServerResponse) =>
      void res.writeHead(500).end('own')) as never;
    const app = polka({ onError }).get('/', ((_req: unknown, _res: unknown, next: (error: Error) => void) =>
      next(known)) as never);
    app.use((_req, _res, next) => next());
    const res = await host(app).client.async.get('/');
    expect([res.status, res.text, res.serverError]).to.deep.equal([500, 'own', known]);
  });
});

describe('http apps: lifespan', () => {
  afterEach(stopAll);

  it('goes around the app, outermost first', async () => {
    const log: string[] = [];
    const span = (name: string): object => ({
      start: () => log.push(`+${name}`),
      stop: () => Promise.resolve(log.push(`-${name}`)),
    });
    const made = host({
      app: { app: (_request: Request) => new Response('ok'), lifespan: span('inner') },
      lifespan: span('outer'),
    });
    await made.client.async.get('/');
    expect(log).to.deep.equal(['+outer', '+inner']);
    await made.stop();
    expect(log).to.deep.equal(['+outer', '+inner', '-inner', '-outer']);
  });

  it('that is no lifespan is refused; one that fails is the cause', async () => {
    const app = (_request: Request): Response => new Response('ok');
    const wrong = await rejection(host({ app, lifespan: 5 }).client.async.get('/'));
    expect(wrong).to.be.instanceOf(AppError);
    expect(wrong.message).to.match(/lifespan is 5/);
    const cause = new Error('no broker');
    const failed = await rejection(host({ app, lifespan: { start: () => Promise.reject(cause) } }).start());
    expect(failed.cause).to.equal(cause);
  });
});
