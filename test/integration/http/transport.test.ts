import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { gzipSync, brotliCompressSync, deflateSync, deflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import sinon from 'sinon';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { WebSocketServer } from 'ws';
import { installBridge } from '#src/bridge/index.js';
import { AppError, RequestError } from '#src/errors.js';
import { inLongRun } from '../long-run.js';
import { inFrame, until } from './frame.js';
import { EXPRESS, host, rejection, stopAll } from './frameworks.js';
import { APPS } from './apps/apps.js';
import { boom } from './apps/routes.js';

const [, express] = EXPRESS[1]!;
const busy = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end;);
};
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const transport of ['memory', 'tcp'] as const) {
  describe(`http transport: ${transport}`, () => {
    afterEach(stopAll);

    it('https:// is secure to the app, and Secure cookies are sent there only', async () => {
      const app = express().get('/', (req, res) => {
        res.cookie('s', '1', { secure: true }).json({ secure: req.secure, sent: req.headers.cookie ?? '' });
      });
      const { client } = host(app, { transport });
      expect((await client.async.get('/')).body).to.deep.equal({ secure: false, sent: '' });
      expect((await client.async.get('https://localhost/')).body).to.deep.equal({ secure: true, sent: '' });
      expect((await client.async.get('https://localhost/')).body).to.deep.equal({ secure: true, sent: 's=1' });
      expect((await client.async.get('/')).body).to.deep.equal({ secure: false, sent: '' });
    });

    it('keeps connections', async () => {
      const ports = new Set<number | undefined>();
      const { client } = host(
        (request: IncomingMessage, response: ServerResponse) => {
          ports.add(request.socket.remotePort);
          response.end();
        },
        { transport },
      );
      for (let i = 0; i < 10; i++) await client.async.get('/');
      expect(ports.size).to.equal(1);
    });

    it('opens another connection where the app has closed an idle one', async () => {
      const server = createServer((request, response) => response.end(String(request.socket.remotePort)));
      server.keepAliveTimeout = 40;
      const { client } = host(server, { transport });
      const { text: first } = await client.async.get('/');
      await later(1_500);
      const { text: second } = await client.async.get('/');
      expect(second).to.not.equal(first);

      // The thread was busy when the app would have closed it: it does so at the first turn behind.
      busy(1_500);
      expect((await client.async.get('/')).status).to.equal(200);
    });

    it('answers requests that are sent without waiting for answers, in order', async () => {
      const { client } = host(
        async (request: IncomingMessage, response: ServerResponse) => {
          await later(request.url === '/1' ? 10 : 0);
          response.end(request.url);
        },
        { transport },
      );
      await client.async.get('/0');
      // Not through http.request, which cuts a connection on which a second answer comes.
      const { agent } = client as unknown as { agent: { createConnection(options: object): Duplex } };
      const socket = agent.createConnection({});
      const received: string[] = [];
      socket.on('data', (chunk: Buffer) => received.push(chunk.toString()));
      socket.write(
        'GET /1 HTTP/1.1\r\nhost: a\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\n\r\nGET /3 HTTP/1.1\r\nhost: a\r\n\r\n',
      );
      const urls = (): unknown[] => [...received.join('').matchAll(/\n(\/\d)/g)].map(([, url]) => url);
      await until(() => urls().length === 3);
      expect(urls()).to.deep.equal(['/1', '/2', '/3']);
      socket.destroy();
    });

    it('carries WebSockets and streams', async () => {
      const server = createServer((_request, response) => response.write('line\n'));
      new WebSocketServer({ server }).on('connection', (ws) =>
        ws.on('message', (data: Buffer) => ws.send(`got ${data.toString()}`)),
      );
      const { client } = host(server, { transport });
      const ws = await client.async.ws('/');
      await ws.send('a');
      expect(await ws.receive()).to.equal('got a');
      await ws.close();
      const stream = await client.async.stream('/');
      expect(await stream.readLine()).to.equal('line');
      stream.close();
    });

    for (const kind of ['polling', 'websocket']) {
      it(`carries Socket.IO over ${kind}`, async () => {
        const server = createServer();
        new SocketServer(server).on('connection', (socket) => {
          socket.on('ask', (question: string, answer: (text: string) => void) => answer(`${question}!`));
        });
        const { client } = host(server, { transport });
        const origin = transport === 'tcp' ? await client.async.origin() : 'http://localhost';
        const socket = io(origin, { agent: client.agent as never, transports: [kind], reconnection: false });
        try {
          const answer: unknown = await socket.timeout(8000).emitWithAck('ask', 'there');
          expect(answer).to.equal('there!');
        } finally {
          socket.close();
        }
      });
    }

    if (inLongRun<string>(['memory'], ['tcp']).includes(transport)) {
      it('sends 100 MB up and down', async function () {
        this.timeout(20_000);
        const size = 100 * 1024 * 1024;
        const bytes = Buffer.alloc(size, 'x');
        let received = 0;
        const { client } = host(
          (request: IncomingMessage, response: ServerResponse) => {
            request.on('data', (chunk: Buffer) => (received += chunk.length));
            request.on('end', () => response.end(bytes));
          },
          { transport },
        );
        const before = process.memoryUsage().arrayBuffers;
        let peak = 0;
        const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().arrayBuffers)), 5);
        const res = await client.async.post('/', { body: bytes });
        clearInterval(timer);
        expect([received, res.bytes.length]).to.deep.equal([size, size]);
        expect(res.bytes.equals(bytes)).to.equal(true);
        // At most two copies at a time of what comes back, and some air for what is on its way.
        expect((peak - before) / size).to.be.below(2.5);
      });
    }

    it('takes the answer of an app that refuses an upload while it is sent', async () => {
      const { client } = host(
        (request: IncomingMessage, response: ServerResponse) => {
          request.once('data', () => response.writeHead(413, { connection: 'close' }).end('too large'));
        },
        { transport },
      );
      const res = await client.async.post('/', { files: { a: { content: Buffer.alloc(20_000_000) } } });
      expect([res.status, res.text]).to.deep.equal([413, 'too large']);
    });

    it('sees the address that the client chose', async () => {
      const { client } = host(
        (request: IncomingMessage, response: ServerResponse) => response.end(request.socket.remoteAddress),
        {
          transport,
          clientAddress: '127.0.0.9',
        },
      );
      expect((await client.async.get('/')).text).to.equal('127.0.0.9');
    });

    it('an aborted call closes the connection', async () => {
      let [arrived, gone] = [0, 0];
      const { client } = host(
        (request: IncomingMessage, response: ServerResponse) => {
          arrived += 1;
          response.on('close', () => (gone += 1));
          if (request.url === '/half') response.write('half');
        },
        { transport },
      );
      for (const [index, url] of ['/none', '/half'].entries()) {
        const controller = new AbortController();
        const aborted = rejection(client.async.get(url, { signal: controller.signal }));
        await until(() => arrived > index);
        controller.abort();
        expect((await aborted).name).to.equal('AbortError');
      }
      expect((await rejection(client.async.get('/none', { signal: AbortSignal.timeout(20) }))).name).to.equal(
        'TimeoutError',
      );
      const reason = new Error('done already');
      expect(await rejection(client.async.get('/', { signal: AbortSignal.abort(reason) }))).to.equal(reason);
      await until(() => gone === arrived);
      expect(arrived).to.be.within(2, 3);
    });

    for (const { name, make } of APPS.filter(({ name }) =>
      /^(Express 5|Fastify 5|Koa|NestJS on Fastify|Hono)/.test(name),
    )) {
      it(`sees the errors of ${name}`, async () => {
        const { client } = host(make(), { transport });
        expect((await client.async.get('/hello')).body).to.deep.equal({ hello: 'world' });
        expect(await rejection(client.async.get('/boom'))).to.equal(boom);
      });
    }
  });
}

describe('http transport', () => {
  afterEach(stopAll);

  it('has an origin with tcp only, and closes its port', async () => {
    const app = (_request: IncomingMessage, response: ServerResponse): void => void response.end('ok');
    const made = host(app, { transport: 'tcp' });
    const origin = await made.client.async.origin();
    expect(origin).to.match(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(origin)).text()).to.equal('ok');
    await made.stop();
    await fetch(origin).then(
      () => expect.fail('the port is still open'),
      () => undefined,
    );
    expect(await rejection(host(app).client.async.origin())).to.be.instanceOf(RequestError);
    expect(() => host(app, { transport: 'udp' as never })).to.throw(RequestError, /transport is "udp"/);
  });

  for (const [what, settings] of [
    ["the client's timeout", { timeout: 30 }],
    ['what is left of the test', { remaining: () => 80 }],
  ] as const) {
    it(`an origin of an app that never starts is refused after ${what}`, async () => {
      let start: (app: unknown) => void = () => undefined;
      const made = host(() => new Promise((resolve) => (start = resolve)), { transport: 'tcp', ...settings });
      // Nothing else would keep the process alive until then.
      const alive = setTimeout(() => undefined, 5000);

      const error = await rejection(made.client.async.origin());
      clearTimeout(alive);
      expect(error).to.be.instanceOf(AppError);
      expect(error.message).to.match(/client\.async\.origin\(\): the app has not started within \d+ ms/);
      start(createServer());
    });
  }

  const encodings: [name: string, encode: (bytes: Buffer) => Buffer][] = [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['deflate, gzip', (bytes) => gzipSync(deflateSync(bytes))],
    ['identity', (bytes) => bytes],
  ];
  for (const [name, encode] of encodings) {
    it(`decodes ${name}`, async () => {
      const { client } = host((request: IncomingMessage, response: ServerResponse) => {
        response.setHeader('content-encoding', name);
        response.setHeader('x-asked', request.headers['accept-encoding'] ?? '');
        response.end(encode(Buffer.from('{"a":"é"}')));
      });
      const res = await client.async.get('/');
      expect(res.json()).to.deep.equal({ a: 'é' });
      expect(res.headers['x-asked']).to.equal('gzip, deflate, br');
      expect((await client.async.head('/')).text).to.equal('');
    });
  }

  it('what is not encoded as it says is an error', async () => {
    const { client } = host((_request: IncomingMessage, response: ServerResponse) => {
      response.setHeader('content-encoding', 'gzip').end('plain');
    });
    expect((await rejection(client.async.get('/'))).message).to.match(
      /content-encoding: gzip, but its body is not gzip/,
    );
  });

  it('204, 304 and HEAD have no body', async () => {
    const { client } = host((request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(Number(request.url?.slice(1)), { 'content-type': 'application/json' });
      response.end(request.method === 'HEAD' ? '{"a":1}' : undefined);
    });
    for (const res of [
      await client.async.get('/204'),
      await client.async.get('/304'),
      await client.async.head('/200'),
    ]) {
      expect([res.body, res.text, res.bytes.length]).to.deep.equal([undefined, '', 0]);
    }
  });

  it('100 Continue is recorded', async () => {
    const { client } = host((request: IncomingMessage, response: ServerResponse) => request.pipe(response));
    const res = await client.async.post('/', { body: 'x', headers: { expect: '100-continue' } });
    expect([res.text, res.informational.map(({ status }) => status)]).to.deep.equal(['x', [100]]);
  });

  describe('beside other tools', () => {
    let restore = (): void => undefined;
    afterEach(() => {
      restore();
      sinon.restore();
    });

    it('works while nock blocks the network', async () => {
      // It intercepts from its import on.
      const { default: nock } = await import('nock');
      restore = () => {
        nock.cleanAll();
        nock.enableNetConnect();
        nock.restore();
      };
      nock.disableNetConnect();
      const server = createServer((_request, response) => response.end('ok'));
      new WebSocketServer({ server }).on('connection', (ws) => ws.send('hi'));
      const { client } = host(server);
      expect((await client.async.get('/')).text).to.equal('ok');
      expect((await client.async.get('https://localhost/')).text).to.equal('ok');
      const ws = await client.async.ws('/');
      expect(await ws.receive()).to.equal('hi');
      await ws.close();
      nock('http://mail.test').get('/').reply(200, 'mocked');
      expect(await (await fetch('http://mail.test/')).text()).to.equal('mocked');
    });

    it('works while timers are faked', function () {
      const bridge = installBridge();
      bridge.running();
      return inFrame(() => {
        sinon.useFakeTimers();
        const server = createServer((_request, response) => response.end('ok'));
        new WebSocketServer({ server }).on('connection', (ws) => ws.send('hi'));
        const { client } = host(server);
        expect(client.get('/').text).to.equal('ok');
        expect(client.stream('/').read().toString()).to.equal('ok');
        expect(client.ws('/').receive()).to.equal('hi');
        const [a, b] = client.all(
          () => client.get('/'),
          () => client.get('/'),
        );
        expect([a.text, b.text]).to.deep.equal(['ok', 'ok']);
      })
        .call(this)
        .finally(() => bridge.uninstall());
    });
  });
});
