import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Response } from 'express';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fastify from 'fastify';
import { DeadlockError, RequestError, SyncTimeoutError, WaitPlaceError } from '#src/errors.js';
import { installBridge } from '#src/bridge/index.js';
import type { InstalledBridge } from '#src/bridge/install.js';
import { inFrame, thrownBy } from './frame.js';
import { EXPRESS, host, stopAll } from './frameworks.js';

const [, express] = EXPRESS[1]!;
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('http sync client', () => {
  let bridge: InstalledBridge;
  before(() => {
    bridge = installBridge();
    bridge.running();
  });
  after(() => bridge.uninstall());
  afterEach(stopAll);

  it(
    'returns the response',
    inFrame(() => {
      const app = express()
        .use(express.json())
        .post('/echo', async (req, res) => {
          await later(5);
          res.status(201).json({ got: req.body as unknown });
        });
      const { client } = host(app);
      const res = client.post<{ got: unknown }>('/echo', { json: [1, 2] });
      expect([res.status, res.ok, res.body]).to.deep.equal([201, true, { got: [1, 2] }]);
      expect(client.request('options', '/echo').status).to.equal(200);
      expect(client.head('/none').status).to.equal(404);
    }),
  );

  const failing: [string, unknown][] = [
    [
      'Express, thrown',
      express().get('/', () => {
        throw new Error('at the far side');
      }),
    ],
    [
      'Express, rejected',
      express().get('/', async () => {
        await later(2);
        throw new Error('at the far side');
      }),
    ],
    [
      'Express 4, rejected where Express does not look',
      EXPRESS[0]![1]().get('/', async () => {
        await later(2);
        throw new Error('at the far side');
      }),
    ],
    [
      'Express, thrown in a timer',
      express().get('/', () => {
        setTimeout(() => {
          throw new Error('at the far side');
        }, 2);
      }),
    ],
    [
      'Fastify',
      fastify().get('/', async () => {
        await later(2);
        throw new Error('at the far side');
      }),
    ],
    [
      'listener',
      (_request: IncomingMessage, _response: ServerResponse) => {
        throw new Error('at the far side');
      },
    ],
  ];
  for (const [name, app] of failing) {
    it(
      `throws the app's error, the app's file first in its stack and the test's after it: ${name}`,
      inFrame(() => {
        const { client, busy } = host(app);
        const error = thrownBy(function theTestItself() {
          client.get('/');
        });
        expect(error.message).to.equal('at the far side');
        const stack = error.stack ?? '';
        const here = fileURLToPath(import.meta.url);
        expect(stack.indexOf(here)).to.be.greaterThan(0);
        expect(stack.indexOf('theTestItself')).to.be.greaterThan(stack.indexOf(here));
        expect(busy).to.equal(false);
      }),
    );
  }

  it(
    'a handler that never answers is a DeadlockError naming the request, and is aborted',
    inFrame(() => {
      let closed = false;
      const made = host((request: IncomingMessage, _response: ServerResponse) => {
        request.on('close', () => (closed = true));
      });
      const error = thrownBy(() => made.client.get('/never', { params: { a: 1 } }));
      expect(error, error.message).to.be.instanceOf(DeadlockError);
      expect(error.message).to.match(/GET \/never\?a=1: no response after \d+ ms/);
      expect(made.busy).to.equal(true);

      expect(thrownBy(() => made.client.get('/again'))).to.be.instanceOf(DeadlockError);
      expect(closed).to.equal(true);
    }),
  );

  it(
    'a handler that answers too late is a SyncTimeoutError naming the request',
    inFrame(() => {
      const { client } = host(
        express().get('/slow', async (_req, res) => {
          await later(300);
          res.end();
        }),
      );
      client.get('/none');
      const error = thrownBy(() => client.get('/slow', { timeout: 60 }));
      expect(error).to.be.instanceOf(SyncTimeoutError);
      expect(error.message).to.match(/gave up after 60 ms/);
      expect(error.message).to.match(/GET \/slow: no response after \d+ ms/);
    }),
  );

  it('refuses to wait after an await, and sends nothing', async () => {
    let requests = 0;
    const made = host((_request: IncomingMessage, response: ServerResponse) => {
      requests += 1;
      response.end();
    });
    await made.start();
    const calls: [name: string, call: () => unknown][] = [
      ["client.get('/a')", () => made.client.get('/a')],
      ["client.post('/a')", () => made.client.post('/a', { json: 1 })],
      ["client.propfind('/a')", () => made.client.request('PROPFIND', '/a')],
      ["client.stream('/a')", () => made.client.stream('/a')],
      ["client.sse('/a')", () => made.client.sse('/a')],
      ["client.ws('/a')", () => made.client.ws('/a')],
      ['client.all()', () => made.client.all(() => made.client.get('/a'))],
      ['client.settle()', () => made.client.settle()],
    ];
    for (const [name, call] of calls) {
      const error = thrownBy(call);
      expect(error).to.be.instanceOf(WaitPlaceError);
      expect(error.message.replaceAll('"', "'")).to.include(`${name} cannot wait here.`);
    }
    await later(5);
    expect([requests, made.busy]).to.deep.equal([0, false]);
  });

  it(
    'refuses misuse before anything is sent',
    inFrame(() => {
      let started = false;
      const { client } = host(() => {
        started = true;
        return express();
      });
      const error = thrownBy(() => client.post('/x', { jsn: {} } as object));
      expect(error).to.be.instanceOf(RequestError);
      expect(error.message).to.match(/POST \/x: there is no option "jsn".\n.*Did you mean json\?/);
      expect(started).to.equal(false);
    }),
  );

  describe('client.all', () => {
    const app = express()
      .get(
        '/pair',
        (() => {
          const waiting: (() => void)[] = [];
          // Answers only when two requests are there at the same time.
          return (_req: unknown, res: Response) => {
            waiting.push(() => res.json({ waiting: waiting.length }));
            if (waiting.length === 2) for (const answer of waiting) answer();
          };
        })(),
      )
      .get('/boom', () => {
        throw new Error('boom');
      })
      .get('/after/:ms', async (req, res) => {
        await later(Number(req.params.ms));
        res.json(req.params.ms);
      });

    it(
      'sends all at the same time and returns the responses in order',
      inFrame(() => {
        const { client } = host(app);
        const [a, b] = client.all(
          () => client.get('/pair'),
          () => client.get('/pair'),
        );
        expect([a.status, b.status]).to.deep.equal([200, 200]);
        const [slow, quick, awaited] = client.all(
          () => client.get('/after/20'),
          () => client.get<string>('/after/1'),
          () => client.async.get('/after/2'),
        );
        expect([slow.body, quick.body, awaited.body]).to.deep.equal(['20', '1', '2']);
      }),
    );

    it(
      'throws the first failure after all have settled',
      inFrame(() => {
        const made = host(app);
        const { client } = made;
        const began = Date.now();
        const error = thrownBy(() =>
          client.all(
            () => client.get('/boom'),
            () => client.get('/after/30'),
          ),
        );
        expect(error.message).to.equal('boom');
        expect(Date.now() - began).to.be.greaterThan(25);
        expect(made.busy).to.equal(false);
      }),
    );

    const misuse: [string, (client: ReturnType<typeof host>['client']) => unknown[], RegExp][] = [
      ['a call instead of a function', (client) => [client.get('/after/1')], /argument 1 is a Response/],
      ['a function with braces', (client) => [() => void client.get('/after/1')], /function 1 returned undefined/],
      [
        'a read of the response',
        (client) => [() => client.get('/after/1').body as unknown],
        /\.body was read inside client\.all/,
      ],
      [
        'all inside all',
        (client) => [() => client.all(() => client.get('/after/1'))],
        /inside a function given to client\.all/,
      ],
    ];
    for (const [name, works, says] of misuse) {
      it(
        `refuses ${name}`,
        inFrame(() => {
          const { client } = host(app);
          const error = thrownBy(() => client.all(...(works(client) as (() => unknown)[])));
          expect(error).to.be.instanceOf(RequestError);
          expect(error.message).to.match(says);
          expect(client.get('/after/1').status).to.equal(200);
        }),
      );
    }

    it(
      'names each request that is not answered',
      inFrame(() => {
        const { client } = host((request: IncomingMessage, response: ServerResponse) => {
          if (request.url === '/ok') response.end();
        });
        const error = thrownBy(() =>
          client.all(
            () => client.get('/a'),
            () => client.get('/ok'),
            () => client.get('/b'),
          ),
        );
        expect(error, error.message).to.be.instanceOf(DeadlockError);
        expect(error.message)
          .to.match(/GET \/a: no response/)
          .and.to.match(/GET \/b: no response/);
        expect(error.message).not.to.include('/ok');
      }),
    );
  });
});
