// The behaviours that docs/starlette.md lists, one test each, of the same name.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { ErrorRequestHandler } from 'express';
import { WebSocketServer } from 'ws';
import { installBridge } from '#src/bridge/index.js';
import type { InstalledBridge } from '#src/bridge/install.js';
import { AppError, ClosedError, DeadlockError, UpgradeError } from '#src/errors.js';
import type { Client } from '#src/http/index.js';
import { inFrame, thrownBy } from './frame.js';
import { EXPRESS, host, stopAll } from './frameworks.js';

const [, express] = EXPRESS[1]!;
const boom = new Error('boom');

function api(): ReturnType<typeof express> {
  const app = express();
  app.get('/boom', () => {
    throw boom;
  });
  app.get('/teapot', (_req, _res, next) => next(Object.assign(new Error('teapot'), { status: 418 })));
  app.use('/guarded', () => {
    throw boom;
  });
  app.get('/login', (_req, res) => void res.cookie('sid', '1').send('in'));
  app.get('/domain', (_req, res) => void res.cookie('d', '1', { domain: 'shop.test' }).send('in'));
  app.get('/cookies', (req, res) => void res.send(req.headers.cookie ?? ''));
  app.get('/moved', (_req, res) => res.cookie('hop', '1').redirect('/cookies'));
  app.get('/lines', (_req, res) => {
    res.write('one\n');
    setImmediate(() => res.end('two\n'));
  });
  app.use((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { url, headers, rawHeaders, method, ip, secure, hostname } = req;
      res.json({ url, headers, rawHeaders, method, ip, secure, hostname, body: Buffer.concat(chunks).toString() });
    });
  });
  app.use(((error: Error & { status?: number }, _req, res, next) => {
    if (error.status === undefined) next(error);
    else res.status(error.status).send(error.message);
  }) as ErrorRequestHandler);
  return app;
}

function sockets(log: string[] = []): ReturnType<typeof createServer> {
  const server = createServer();
  const wss = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has('v2') ? 'v2' : false) });
  server.on('request', (_request, response) => response.writeHead(404).end());
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    if (request.url?.startsWith('/denied'))
      return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
    wss.handleUpgrade(request, socket, head, (ws) => {
      ws.on('message', (data: Buffer, binary) => {
        if (data.toString() === 'bye') ws.close(4003, 'bye');
        else ws.send(data, { binary });
      });
      ws.on('close', (code) => log.push(String(code)));
      if (request.url?.startsWith('/who'))
        ws.send(JSON.stringify([request.url, request.headers['x-a'], request.headers.cookie]));
    });
  });
  return server;
}

type Made = ReturnType<typeof host>;

/** What the last handler of {@link api} answers. */
interface Seen {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly ip: string;
  readonly body: string;
}

const behaviours: Record<string, () => void> = {
  'lifespan: started before the first request, stopped at the end': () => undefined,
  'lifespan: a failing start fails the test': () => {
    const error = thrownBy(() => host({ app: api(), lifespan: { start: () => Promise.reject(boom) } }).client.get('/'));
    expect(error).to.be.instanceOf(AppError);
    expect(error.cause).to.equal(boom);
  },
  'lifespan: used again and again': () => {
    let starts = 0;
    const { client } = host({ app: api(), lifespan: { start: () => (starts += 1) } });
    for (let i = 0; i < 3; i++) client.get('/');
    expect(starts).to.equal(1);
  },
  "errors: the handler's own error is raised": () => {
    expect(thrownBy(() => host(api()).client.get('/boom'))).to.equal(boom);
  },
  'errors: as a 500 response': () => {
    expect(host(api(), { raiseServerErrors: false }).client.get('/boom').status).to.equal(500);
  },
  'errors: an HTTP exception is a response': () => {
    const res = host(api()).client.get('/teapot');
    expect([res.status, res.text]).to.deep.equal([418, 'teapot']);
  },
  'errors: raised in middleware': () => {
    expect(thrownBy(() => host(api()).client.get('/guarded/x'))).to.equal(boom);
  },
  'cookies: set by the app, sent again': () => {
    const { client } = host(api());
    client.get('/login');
    expect([client.get('/cookies').text, client.cookies.all()]).to.deep.equal(['sid=1', { sid: '1' }]);
  },
  'cookies: of one call': () => {
    const { client } = host(api());
    expect(client.get('/cookies', { cookies: { a: 1 } }).text).to.equal('a=1');
    expect(client.get('/cookies').text).to.equal('');
  },
  'cookies: bound to their domain': () => {
    const { client } = host(api());
    client.get('http://www.shop.test/domain');
    expect(client.get('http://shop.test/cookies').text).to.equal('d=1');
    expect(client.get('http://other.test/cookies').text).to.equal('');
  },
  'cookies: set on a redirect': () => {
    expect(host(api()).client.get('/moved').text).to.equal('hop=1');
  },
  'redirects: followed by default': () => {
    const res = host(api()).client.get('/moved');
    expect([res.status, res.url, res.history.length]).to.deep.equal([200, 'http://localhost/cookies', 1]);
  },
  'redirects: not followed when told so': () => {
    const res = host(api()).client.get('/moved', { followRedirects: false });
    expect([res.status, res.headers.location]).to.deep.equal([302, '/cookies']);
  },
  'query params: of the URL and of the option': () => {
    expect(host(api()).client.get<Seen>('/x?a=1', { params: { b: [2, 3] } }).body.url).to.equal('/x?a=1&b=2&b=3');
  },
  'headers: of the client and of the call': () => {
    const { client } = host(api(), { headers: { 'x-a': '1', 'x-b': '1' } });
    expect(client.get<Seen>('/x', { headers: { 'X-B': '2' } }).body.headers).to.include({ 'x-a': '1', 'x-b': '2' });
  },
  'headers: sent twice': () => {
    const { rawHeaders } = host(api()).client.get('/x', { headers: { 'x-a': ['1', '2'] } }).body as {
      rawHeaders: string[];
    };
    expect(rawHeaders.join()).to.include('x-a,1,x-a,2');
  },
  'files: one, several, with fields': () => {
    const files = { a: { content: 'x', filename: 'a.txt' }, b: [Buffer.from('1'), Buffer.from('2')] };
    const { body } = host(api()).client.post('/x', { files, form: { n: 5 } }).body as { body: string };
    expect(body.match(/name="\w"/g)).to.deep.equal(['name="n"', 'name="a"', 'name="b"', 'name="b"']);
  },
  'content: bytes, text, an iterator': () => {
    const { client } = host(api());
    for (const body of ['abc', Buffer.from('abc'), Readable.from(['a', 'bc'])]) {
      expect(client.post<Seen>('/x', { body }).body.body).to.equal('abc');
    }
  },
  'streaming: line by line': () => {
    const stream = host(api()).client.stream('/lines');
    expect([stream.readLine(), stream.readLine(), stream.readLine()]).to.deep.equal(['one', 'two', undefined]);
  },
  'base URL: host and scheme': () => {
    expect(host(api(), { baseUrl: 'https://shop.test' }).client.get('/x').body).to.include({
      hostname: 'shop.test',
      secure: true,
    });
  },
  'base URL: with a path': () => {
    expect(host(api(), { baseUrl: '/api/v1' }).client.get<Seen>('/x').body.url).to.equal('/api/v1/x');
  },
  'client address: what the app sees': () => {
    expect(host(api(), { clientAddress: '192.0.2.1' }).client.get<Seen>('/x').body.ip).to.equal('192.0.2.1');
  },
  'paths: percent-encoded as given': () => {
    expect(host(api()).client.get<Seen>('/a%2fb/ü').body.url).to.equal('/a%2fb/%C3%BC');
  },
  'HEAD: no body': () => {
    const res = host(api()).client.head('/x');
    expect([res.status, res.text]).to.deep.equal([200, '']);
  },
  'websocket: text, bytes, JSON': () => {
    const ws = host(sockets()).client.ws('/');
    ws.send('a');
    ws.send(Buffer.from('b'));
    ws.sendJson({ c: 1 });
    expect([ws.receive(), ws.receive(), ws.receiveJson()]).to.deep.equal(['a', Buffer.from('b'), { c: 1 }]);
  },
  'websocket: closed by the test': () => {
    const log: string[] = [];
    host(sockets(log)).client.ws('/').close(4001);
    expect(log).to.deep.equal(['4001']);
  },
  'websocket: closed by the app': () => {
    const ws = host(sockets()).client.ws('/');
    ws.send('bye');
    const error = thrownBy(() => ws.receive());
    expect(error).to.be.instanceOf(ClosedError);
    expect(error).to.include({ closeCode: 4003, reason: 'bye' });
  },
  'websocket: refused': () => {
    const error = thrownBy(() => host(sockets()).client.ws('/denied'));
    expect(error).to.be.instanceOf(UpgradeError);
    expect(error).to.include({ status: 403, text: 'no' });
  },
  'websocket: no such path': () => {
    expect(thrownBy(() => host(api()).client.ws('/x'))).to.be.instanceOf(UpgradeError);
  },
  'websocket: subprotocols': () => {
    expect(host(sockets()).client.ws('/', { protocols: ['v1', 'v2'] }).protocol).to.equal('v2');
  },
  'websocket: headers, cookies, query': () => {
    const ws = host(sockets()).client.ws('/who', { headers: { 'x-a': 'b' }, cookies: { c: 1 }, params: { q: 2 } });
    expect(ws.receiveJson()).to.deep.equal(['/who?q=2', 'b', 'c=1']);
  },
  'websocket: closed at the end of a block': () => {
    const made: Made = host(sockets());
    made.beginScope();
    const ws = made.client.ws('/');
    made.endScope();
    expect(thrownBy(() => ws.receive())).to.be.instanceOf(ClosedError);
  },
  'a receive that nothing ends': () => {
    const ws = host(sockets()).client.ws('/quiet');
    const error = thrownBy(() => ws.receive());
    expect(error).to.be.instanceOf(DeadlockError);
    expect(error.message).to.match(/WebSocket \/quiet .*receive\(\)/);
  },
  'a client used inside a handler': () => {
    const made: { client?: Client } = {};
    const app = express()
      .get('/inner', (_req, res) => void res.send('inner'))
      .get('/outer', async (_req, res) => void res.send((await made.client!.async.get('/inner')).text));
    made.client = host(app).client;
    expect(made.client.get('/outer').text).to.equal('inner');
  },
};

describe('http: behaviours of docs/starlette.md', () => {
  let bridge: InstalledBridge;
  before(() => {
    bridge = installBridge();
    bridge.running();
  });
  after(() => bridge.uninstall());
  afterEach(stopAll);

  it('are all tested here', () => {
    const root = dirname(createRequire(import.meta.url).resolve('lockstep/package.json'));
    const rows = readFileSync(join(root, 'docs', 'starlette.md'), 'utf8').matchAll(/^\| (.+?) +\|.*\|.*\|$/gm);
    const listed = [...rows].map(([, name]) => name).filter((name) => name !== 'behaviour' && !/^-+$/.test(name ?? ''));
    expect(listed).to.deep.equal(Object.keys(behaviours));
  });

  for (const [name, test] of Object.entries(behaviours)) {
    if (name.startsWith('lifespan: started')) {
      it(name, async () => {
        const log: string[] = [];
        const lifespan = { start: () => log.push('start'), stop: () => log.push('stop') };
        const made = host({ app: api(), lifespan });
        await made.client.async.get('/');
        await made.stop();
        expect(log).to.deep.equal(['start', 'stop']);
      });
    } else {
      it(name, inFrame(test));
    }
  }
});
