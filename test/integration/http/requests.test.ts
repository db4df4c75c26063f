import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import fastify from 'fastify';
import { RequestError, SyncTimeoutError } from '#src/errors.js';
import { EXPRESS, host, rejection, stopAll } from './frameworks.js';

/** What {@link echo} answers. */
interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Answers with what it received. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString() }));
  });
}

describe('http requests', () => {
  afterEach(stopAll);

  it('sends each method, with its body', async () => {
    const { client } = host(echo);
    for (const method of ['get', 'post', 'put', 'patch', 'delete', 'options'] as const) {
      const res = await client.async[method]<Echo>('/x?y=1', method === 'get' ? {} : { json: { a: 1 } });
      expect(res.status).to.equal(200);
      expect(res.body.method).to.equal(method.toUpperCase());
      expect(res.body.url).to.equal('/x?y=1');
      expect(res.body.body).to.equal(method === 'get' ? '' : '{"a":1}');
    }
    const propfind = await client.async.request<Echo>('propfind', '/x');
    expect(propfind.body.method).to.equal('PROPFIND');
  });

  it('HEAD has headers and no body', async () => {
    const res = await host(echo).client.async.head('/x');
    expect(res.headers['content-type']).to.equal('application/json');
    expect([res.body, res.text, res.bytes.length]).to.deep.equal([undefined, '', 0]);
  });

  it('sends headers as given, repeated ones repeated', async () => {
    const { client } = host(echo, { headers: { authorization: 'Bearer t' } });
    const res = await client.async.get<Echo>('/', { headers: { 'X-A': ['1', '2'], n: 5 } });
    expect(res.body.headers).to.include({ host: 'localhost', 'x-a': '1, 2', n: '5', authorization: 'Bearer t' });
  });

  it('streams a body up, and down in pieces', async () => {
    const { client } = host((request: IncomingMessage, response: ServerResponse) => request.pipe(response));
    const piece = Buffer.alloc(100_000, 'é');
    const res = await client.async.post('/', { body: Readable.from(Array.from({ length: 50 }, () => piece)) });
    expect(res.bytes.length).to.equal(50 * piece.length);
    expect(res.headers['transfer-encoding']).to.equal('chunked');
    expect(res.bytes.equals(Buffer.concat(Array.from({ length: 50 }, () => piece)))).to.equal(true);
  });

  it('a stream that fails is the error of its call', async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('disk gone'));
      },
    });
    const error = await rejection(host(echo).client.async.post('/', { body: broken }));
    expect(error.message).to.equal('disk gone');
  });

  it('takes the answer of an app that refuses an upload early', async () => {
    const { client } = host((_request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(413).end('too large');
    });
    const res = await client.async.post('/', { body: Buffer.alloc(5_000_000) });
    expect([res.status, res.text]).to.deep.equal([413, 'too large']);
    expect((await client.async.get('/')).status).to.equal(413);
  });

  it('uses one connection again and again, and opens more for requests at the same time', async () => {
    const ports = new Set<number | undefined>();
    const { client } = host((request: IncomingMessage, response: ServerResponse) => {
      ports.add(request.socket.remotePort);
      response.end();
    });
    for (let i = 0; i < 20; i++) await client.async.get('/');
    expect(ports.size).to.equal(1);
    await Promise.all(Array.from({ length: 5 }, () => client.async.get('/')));
    expect(ports.size).to.equal(5);
  });

  it('goes on after a connection that the app closed', async () => {
    const { client } = host((_request: IncomingMessage, response: ServerResponse) => {
      response.setHeader('connection', 'close').end('bye');
    });
    for (let i = 0; i < 3; i++) expect((await client.async.get('/')).text).to.equal('bye');
  });

  it('has each header by lower-case name, set-cookie as an array', async () => {
    const { client } = host((_request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(204, { 'X-Id': '7', 'Set-Cookie': ['a=1', 'b=2'] }).end();
    });
    const res = await client.async.get('/');
    expect(res.status).to.equal(204);
    expect(res.body).to.equal(undefined);
    expect(res.headers['x-id']).to.equal('7');
    expect(res.headers['set-cookie']).to.deep.equal(['a=1', 'b=2']);
    expect(res.elapsed).to.be.greaterThan(0);
  });

  it('an https:// URL arrives on a connection marked as TLS', async () => {
    const express = EXPRESS[1]![1];
    const app = express().get('/', (req, res) => void res.json({ secure: req.secure, host: req.hostname, ip: req.ip }));
    const { client } = host(app);
    expect((await client.async.get('https://shop.test/')).body).to.deep.equal({
      secure: true,
      host: 'shop.test',
      ip: '127.0.0.1',
    });
    expect((await client.async.get('/')).body).to.deep.equal({ secure: false, host: 'localhost', ip: '127.0.0.1' });
  });

  it('does not hand the AsyncLocalStorage of one call to the next', async () => {
    const { AsyncLocalStorage } = await import('node:async_hooks');
    const storage = new AsyncLocalStorage<string>();
    const made = host((_request: IncomingMessage, response: ServerResponse) => response.end(storage.getStore() ?? '-'));
    const { client } = made;
    expect((await storage.run('first test', () => client.async.get('/'))).text).to.equal('-');
    expect((await client.async.get('/')).text).to.equal('-');
  });

  describe('redirects', () => {
    const paths: Record<string, [number, string]> = {
      '/old': [302, '/new'],
      '/loop': [302, '/loop'],
      '/away': [302, 'https://accounts.example.com/login'],
      '/again': [307, '/echo'],
    };
    const app = (request: IncomingMessage, response: ServerResponse): void => {
      const [status, location] = paths[request.url ?? ''] ?? [];
      if (status === undefined) echo(request, response);
      else response.writeHead(status, { location }).end();
    };

    it('are followed, and remembered', async () => {
      const res = await host(app).client.async.post<Echo>('/old', { json: 1 });
      expect([res.status, res.url, res.method]).to.deep.equal([200, 'http://localhost/new', 'GET']);
      expect(res.history.map(({ status, url }) => [status, url])).to.deep.equal([[302, 'http://localhost/old']]);
      expect(res.body.body).to.equal('');
    });

    it('repeat the body where the status says so', async () => {
      const res = await host(app).client.async.post('/again', { json: [1] });
      expect(res.body).to.deep.include({ method: 'POST', url: '/echo', body: '[1]' });
    });

    it('are returned when not to be followed, or when they leave the app', async () => {
      const { client } = host(app);
      const here = await client.async.get('/old', { followRedirects: false });
      expect([here.status, here.headers.location]).to.deep.equal([302, '/new']);
      const away = await client.async.get('/away');
      expect([away.status, away.headers.location]).to.deep.equal([302, 'https://accounts.example.com/login']);
    });

    it('in a circle are an error', async () => {
      const error = await rejection(host(app).client.async.get('/loop'));
      expect(error).to.be.instanceOf(RequestError);
      expect(error.message).to.match(/GET \/loop: more than 20 redirects/);
    });
  });

  describe('deadlines', () => {
    it('end a promise with the request by name, and close its connection', async () => {
      const closed: string[] = [];
      const { client } = host((request: IncomingMessage, response: ServerResponse) => {
        request.on('close', () => closed.push('request'));
        response.on('close', () => closed.push('response'));
      });
      const error = await rejection(client.async.get('/slow', { timeout: 40 }));
      expect(error).to.be.instanceOf(SyncTimeoutError);
      expect(error.message).to.match(/GET \/slow: no response after \d+ ms/);
      await new Promise((resolve) => setImmediate(resolve));
      expect(closed.sort()).to.deep.equal(['request', 'response']);
    });

    it('cover a body that never ends', async () => {
      const { client } = host((_request: IncomingMessage, response: ServerResponse) => void response.write('begun'));
      const error = await rejection(client.async.get('/drip', { timeout: 40 }));
      expect(error.message).to.match(/GET \/drip: status 200 arrived, the body has not ended/);
    });
  });

  it('endTest names and aborts what is in flight', async () => {
    const made = host((_request: IncomingMessage, _response: ServerResponse) => undefined);
    const outcome = rejection(made.client.async.get('/never'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(made.busy).to.equal(true);

    const sentences = await made.endTest();
    expect(sentences).to.have.length(1);
    expect(sentences[0]).to.match(/^GET \/never: no response after \d+ ms$/);
    expect((await outcome).message).to.match(/GET \/never.*\n.*test ended before the app had answered/);
    expect(made.busy).to.equal(false);
    expect(await made.endTest()).to.deep.equal([]);
  });

  it('a connection that the app cuts is explained', async () => {
    const { client } = host((request: IncomingMessage, _response: ServerResponse) => request.socket.destroy());
    const error = await rejection(client.async.get('/cut'));
    expect(error).to.be.instanceOf(RequestError);
    expect(error.message).to.match(/GET \/cut: the app closed the connection before it had answered/);
  });

  it('an answer that is not HTTP is explained', async () => {
    const { client } = host((request: IncomingMessage, _response: ServerResponse) =>
      request.socket.end('nonsense\r\n\r\n'),
    );
    expect((await rejection(client.async.get('/odd'))).message).to.match(
      /GET \/odd: the app's answer is not valid HTTP/,
    );
  });

  it('runs on every kind of app', async () => {
    const listener = (_request: IncomingMessage, response: ServerResponse): void => void response.end('ok');
    const make: Record<string, () => unknown> = {
      listener: () => listener,
      'http.Server': () => createServer(listener),
      Fastify: () => fastify().get('/', () => 'ok'),
      'Fastify, ready': async () => {
        const app = fastify().get('/', () => 'ok');
        await app.ready();
        return app;
      },
      ...Object.fromEntries(
        EXPRESS.flatMap(([name, express]) => {
          const app = (): unknown => express().get('/', (_req, res) => void res.send('ok'));
          return [
            [name, app],
            [`${name} in an http.Server`, () => createServer(app() as typeof listener)],
          ];
        }),
      ),
    };
    const wrap: Record<string, (app: () => unknown) => unknown> = {
      itself: (app) => app(),
      promise: (app) => Promise.resolve(app()),
      factory: (app) => () => app(),
      'async factory': (app) => () => Promise.resolve(app()),
      module: (app) => ({ default: app() }),
      'module in a module': (app) => ({ default: { __esModule: true, app: app() } }),
      'module with a factory': (app) => ({ default: { port: 1 }, createApp: () => app() }),
    };
    for (const [kind, app] of Object.entries(make)) {
      for (const [form, wrapped] of Object.entries(wrap)) {
        const res = await host(wrapped(app)).client.async.get('/');
        expect([kind, form, res.status, res.text]).to.deep.equal([kind, form, 200, 'ok']);
      }
    }
  });
});
