import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import fastify from 'fastify';
import { AppError, RequestError } from '#src/errors.js';
import { inFrame, thrownBy } from './frame.js';
import { EXPRESS, host, rejection, stopAll } from './frameworks.js';

/** A promise of a module with this code. */
const moduleOf = (code: string): Promise<unknown> => import(`data:text/javascript,${code}`);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

for (const [name, express] of EXPRESS) {
  describe(`http errors: ${name}`, () => {
    afterEach(stopAll);
    const boom = new Error('boom');

    it('throws the object that a handler threw', async () => {
      const app = express().get('/', () => {
        throw boom;
      });
      expect(await rejection(host(app).client.async.get('/'))).to.equal(boom);
      expect(await rejection(host(createServer(app)).client.async.get('/'))).to.equal(boom);
    });

    it('throws the object that was given to next()', async () => {
      const app = express().get('/', (_req, _res, next) => void setImmediate(() => next(boom)));
      expect(await rejection(host(app).client.async.get('/'))).to.equal(boom);
    });

    it('throws values that are no errors', async () => {
      const app = express().get('/', () => {
        throw 'just text';
      });
      expect(await rejection(host(app).client.async.get('/'))).to.equal('just text');
    });

    it('returns what an error handler of the app made of it', async () => {
      const app = express().get('/', () => {
        throw boom;
      });
      app.use(((_error, _req, res, _next) => void res.status(503).json({ own: true })) as ErrorRequestHandler);
      const res = await host(app).client.async.get('/');
      expect([res.status, res.body, res.serverError]).to.deep.equal([503, { own: true }, boom]);
      expect(await rejection(host(app).client.async.get('/', { raiseServerErrors: '5xx' }))).to.equal(boom);
      const served = await host(createServer(app)).client.async.get('/');
      expect([served.status, served.serverError]).to.deep.equal([503, boom]);
    });

    it('sees error middleware of routers and routes, and errors that they pass on', async () => {
      const seen: string[] = [];
      const fail: RequestHandler = () => {
        throw boom;
      };
      const own: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(409).send('own');
      const log = function logErrors(error: Error, _req: unknown, _res: unknown, next: (error: Error) => void): void {
        seen.push(error.message);
        next(error);
      } as ErrorRequestHandler;
      const app = express()
        .use('/router', express.Router().get('/', fail).use(own))
        .get('/route', fail, own)
        .use('/app', express().get('/', fail).use(own))
        .get('/passed', fail)
        .use(log);
      const { client } = host(app);
      for (const path of ['/router', '/route']) {
        const res = await client.async.get(path);
        expect([res.status, res.serverError]).to.deep.equal([409, boom]);
      }
      expect((await client.async.get('/app')).text).to.equal('own');
      expect(await rejection(client.async.get('/passed'))).to.equal(boom);
      expect(seen).to.deep.equal(['boom']);
      // Another client of the same app, after the first is gone.
      await stopAll();
      expect((await host(app).client.async.get('/router')).serverError).to.equal(boom);
      expect(seen).to.deep.equal(['boom']);
    });

    it('a 5xx of the app that no error is behind is an error with 5xx', async () => {
      const app = express().get('/', (_req, res) => void res.status(503).json({ own: true }));
      const strict = await rejection(host(app).client.async.get('/', { raiseServerErrors: '5xx' }));
      expect(strict).to.be.instanceOf(RequestError);
      expect(strict.message).to.match(/answered 503: \{"own":true\}/);
    });

    it('returns what Express answers to errors below 500, and to unknown paths', async () => {
      const app = express().use(express.json());
      const { client } = host(app);
      const bad = await client.async.post('/', { body: '{', headers: { 'content-type': 'application/json' } });
      expect(bad.status).to.equal(400);
      expect(bad.serverError).to.be.instanceOf(SyntaxError);
      const missing = await client.async.get('/none');
      expect([missing.status, missing.text.includes('Cannot GET /none')]).to.deep.equal([404, true]);
    });

    it("with raiseServerErrors: false returns Express's own 500", async () => {
      const app = express().get('/', () => {
        throw boom;
      });
      const res = await host(app, { raiseServerErrors: false }).client.async.get('/');
      expect(res.status).to.equal(500);
      expect(res.text).to.include('boom');
      expect(res.serverError).to.equal(boom);
    });

    it('reports an error that comes after the answer at the end of the test, and blames no other request', async () => {
      let fail = (): void => undefined;
      const app = express()
        .get('/late', (_req, res, next) => {
          fail = () => next(boom);
          res.send('fine');
        })
        .get('/next', (_req, res) => {
          fail();
          res.send('also fine');
        });
      const made = host(app);
      expect((await made.client.async.get('/late')).text).to.equal('fine');
      expect((await made.client.async.get('/next')).text).to.equal('also fine');
      expect(made.busy).to.equal(true);
      expect(await made.endTest()).to.deep.equal(['GET /late: the app failed after it had answered: Error: boom']);
    });

    it('reports a handler that throws after its answer, and keeps the answer', async () => {
      const app = express().get('/', (_req, res) => {
        res.send('fine');
        throw boom;
      });
      const made = host(app);
      expect((await made.client.async.get('/')).text).to.equal('fine');
      // Express hands the error to its last handler in an immediate.
      await turn();
      expect(await made.endTest()).to.deep.equal(['GET /: the app failed after it had answered: Error: boom']);
    });
  });
}

describe('http errors: Express 5', () => {
  afterEach(stopAll);

  it('throws what an async handler rejects with', async () => {
    const boom = new Error('boom');
    const app = EXPRESS[1]![1]().get('/', async () => {
      await turn();
      throw boom;
    });
    expect(await rejection(host(app).client.async.get('/'))).to.equal(boom);
  });
});

describe('http errors: Fastify', () => {
  afterEach(stopAll);
  const boom = new Error('boom');
  const fail = async (): Promise<never> => {
    await turn();
    throw boom;
  };

  const unhandled: [string, () => ReturnType<typeof fastify>][] = [
    ['an async handler', () => fastify().get('/', fail) as never],
    [
      'a sync handler',
      () =>
        fastify().get('/', () => {
          throw boom;
        }) as never,
    ],
    ['reply.send(error)', () => fastify().get('/', (_request, reply) => void reply.send(boom)) as never],
    [
      'an onRequest hook',
      () =>
        fastify()
          .addHook('onRequest', fail)
          .get('/', () => 'ok') as never,
    ],
    [
      'a preHandler hook',
      () =>
        fastify()
          .addHook('preHandler', fail)
          .get('/', () => 'ok') as never,
    ],
    [
      'an error handler that throws on',
      () =>
        fastify()
          .setErrorHandler((error) => Promise.reject(error as Error))
          .get('/', fail) as never,
    ],
  ];
  for (const [name, make] of unhandled) {
    it(`throws the error of ${name}`, async () => {
      expect(await rejection(host(make()).client.async.get('/'))).to.equal(boom);
      const res = await host(make(), { raiseServerErrors: false }).client.async.get<Error>('/');
      expect([res.status, res.body.message, res.serverError]).to.deep.equal([500, 'boom', boom]);
    });
  }

  const handled: [string, () => ReturnType<typeof fastify>][] = [
    [
      'its error handler',
      () =>
        fastify()
          .setErrorHandler((_e, _r, reply) => reply.code(500).send({ own: 1 }))
          .get('/', fail) as never,
    ],
    [
      "a route's error handler",
      () =>
        fastify().get('/', { errorHandler: (_e, _r, reply) => void reply.code(500).send({ own: 1 }) }, fail) as never,
    ],
    [
      "a plugin's error handler",
      () =>
        fastify().register((scope, _options, done) => {
          scope.setErrorHandler((_e, _r, reply) => reply.code(500).send({ own: 1 }));
          scope.get('/', fail);
          done();
        }) as never,
    ],
  ];
  for (const [name, make] of handled) {
    it(`returns what ${name} answers, with the error beside it`, async () => {
      const { client } = host(make());
      const res = await client.async.get('/');
      expect([res.status, res.body, res.serverError]).to.deep.equal([500, { own: 1 }, boom]);
      expect(await rejection(client.async.get('/', { raiseServerErrors: '5xx' }))).to.equal(boom);
    });
  }

  it('returns errors below 500', async () => {
    const app = fastify().get('/', async () => {
      await turn();
      throw Object.assign(new Error('teapot'), { statusCode: 418 });
    });
    const { client } = host(app);
    expect((await client.async.get('/')).status).to.equal(418);
    expect((await client.async.get('/none')).status).to.equal(404);
    expect((await client.async.post('/none', { json: 1 })).status).to.equal(404);
  });

  it('keeps two clients of two apps apart', async () => {
    const [one, two] = [host(fastify().get('/', fail)), host(fastify().get('/', () => 'ok'))];
    await two.start();
    expect(await rejection(one.client.async.get('/'))).to.equal(boom);
    await one.stop();
    expect((await two.client.async.get('/')).text).to.equal('ok');
    expect(await two.endTest()).to.deep.equal([]);
  });
});

describe('http errors: plain listener', () => {
  afterEach(stopAll);
  const boom = new Error('boom');

  const listeners: [string, (request: IncomingMessage, response: ServerResponse) => unknown][] = [
    [
      'throws',
      (_request, _response) => {
        throw boom;
      },
    ],
    ['rejects', async (_request, _response) => turn().then(() => Promise.reject(boom))],
    [
      'throws half way through',
      (_request, response) => {
        response.write('half');
        throw boom;
      },
    ],
  ];
  for (const [name, listener] of listeners) {
    it(`throws the error of one that ${name}, and lives on`, async () => {
      for (const app of [listener, createServer(listener)]) {
        const { client } = host(app);
        expect(await rejection(client.async.get('/'))).to.equal(boom);
        expect(await rejection(client.async.get('/', { raiseServerErrors: false }))).to.equal(boom);
      }
    });
  }
});

describe('http errors: what is no app', () => {
  afterEach(stopAll);

  const wrong: [string, unknown, RegExp][] = [
    ['undefined', undefined, /The app is undefined\./],
    ['a string', './src/app.js', /The app is "\.\/src\/app\.js"/],
    ['a module that exports nothing', moduleOf(''), /a module that exports nothing/],
    [
      'a module without an app',
      moduleOf('export const port = 1, start = "x"'),
      /a module with the exports port, start/,
    ],
    ['an object', { port: 3000 }, /an object with the properties port/],
    [
      'a default export of another kind',
      { default: { config: {} } },
      /The app's export default is an object with the properties config/,
    ],
    ['a factory that returns nothing', function makeApp() {}, /What makeApp\(\) returned is undefined/],
    ['a function of one parameter', (request: unknown) => [request], /fetch handler returned an array for GET \//],
    ['a class', class Api {}, /the function Api with a constructor/],
    ['a promise of a number', Promise.resolve(7), /The app is 7/],
  ];
  for (const [name, app, says] of wrong) {
    it(`${name} is refused`, async () => {
      const error = await rejection(host(app).client.async.get('/'));
      expect(error).to.be.instanceOf(AppError);
      expect(error.message).to.match(says);
      expect(error.message).to.match(/Express|listener/);
    });
  }

  it('an app that cannot start is refused with its own error as the cause, each time', async () => {
    const cause = new Error('no port');
    const made = host(() => Promise.reject(cause));
    const error = await rejection(made.start());
    expect(error).to.be.instanceOf(AppError);
    expect(error.message).to.match(/could not be loaded: Error: no port/);
    expect(error.cause).to.equal(cause);
    // Of its own: each waits elsewhere, and what is put into the stack of one is not the other's.
    const again = await rejection(made.client.async.get('/'));
    expect(again).to.be.instanceOf(AppError).and.not.equal(error);
    expect(again).to.include({ message: error.message, cause });

    const plugin = fastify().register(() => Promise.reject(cause));
    expect((await rejection(host(plugin).start())).message).to.match(
      /Fastify app could not be started: Error: no port/,
    );
  });

  it(
    'an app that cannot start shows each test its own line only',
    inFrame(() => {
      const { client } = host(() => Promise.reject(new Error('no port')));
      const first = thrownBy(() => client.get('/'));
      const second = thrownBy(() => client.get('/'));

      for (const { stack = '' } of [first, second]) {
        expect(stack.split('\n').filter((line) => line.includes('errors.test'))).to.have.length(2);
      }
    }),
  );
});
