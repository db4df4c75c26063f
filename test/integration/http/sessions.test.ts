import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createGzip } from 'node:zlib';
import { expect } from 'chai';
import { WebSocketServer } from 'ws';
import { installBridge } from '#src/bridge/index.js';
import type { InstalledBridge } from '#src/bridge/install.js';
import { ClosedError, DeadlockError, RequestError, SyncTimeoutError, UpgradeError } from '#src/errors.js';
import { inFrame, thrownBy, until } from './frame.js';
import { EXPRESS, host, rejection, stopAll } from './frameworks.js';

const [, express] = EXPRESS[1]!;
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What happened to the connections of {@link app}. */
const seen: string[] = [];

function app(): unknown {
  const made = express();
  made.get('/lines', async (_req, res) => {
    res.type('text').write('one\ntw');
    await later(5);
    res.write('o\r\n');
    await later(5);
    res.end('three');
  });
  made.get('/silent', (_req, res) => {
    res.on('close', () => seen.push('closed'));
    res.type('text').write('first\n');
  });
  made.get('/mute', () => undefined);
  made.get('/gzip', (_req, res) => {
    res.setHeader('content-encoding', 'gzip');
    const gzip = createGzip();
    gzip.pipe(res);
    gzip.end('squeezed\nagain');
  });
  made.get('/late', async (_req, res, next) => {
    res.write('half');
    await later(5);
    next(new Error('late failure'));
  });
  made.get('/boom', () => {
    throw new Error('at once');
  });
  made.get('/moved', (_req, res) => res.cookie('hop', '1').redirect('/lines'));
  made.post('/upload', (req, res) => void req.pipe(res));
  made.get('/events', async (req, res) => {
    res.type('text/event-stream');
    res.write(`: welcome\nid: 7\ndata: ${req.headers.accept}\n\n`);
    await later(2);
    res.write('event: price\r\nda');
    res.write('ta: {"a":\r\ndata: 1}\r\nretry: 50\r\n\r\n');
    res.write('data\n\ndata: last');
    if (req.query['open'] === undefined) res.end('\n\ndata: never complete\n');
  });
  return made;
}

describe('http sessions', () => {
  let bridge: InstalledBridge;
  before(() => {
    bridge = installBridge();
    bridge.running();
  });
  after(() => bridge.uninstall());
  beforeEach(() => void seen.splice(0));
  afterEach(stopAll);

  describe('client.stream', () => {
    it(
      'reads line by line while the app is sending',
      inFrame(() => {
        const stream = host(app()).client.stream('/lines');
        expect([stream.status, stream.url]).to.deep.equal([200, 'http://localhost/lines']);
        expect(stream.headers['content-type']).to.match(/^text\/plain/);
        expect([stream.readLine(), stream.readLine(), stream.readLine(), stream.readLine()]).to.deep.equal([
          'one',
          'two',
          'three',
          undefined,
        ]);
        stream.close();
      }),
    );

    it(
      'reads pieces, so many bytes, or all the rest',
      inFrame(() => {
        const { client } = host(app());
        const one = client.stream('/lines');
        expect(one.read(2).toString()).to.equal('on');
        expect(one.readLine()).to.equal('e');
        expect(one.read().toString()).to.equal('two\r\nthree');
        expect(one.read().length).to.equal(0);
        const pieces = [...client.stream('/lines')].map(String);
        expect([pieces[0], pieces.join('')]).to.deep.equal(['one\ntw', 'one\ntwo\r\nthree']);
        expect(client.stream('/gzip', { headers: { 'accept-encoding': 'gzip' } }).readLine()).to.equal('squeezed');
      }),
    );

    it(
      'sends a body, follows redirects, takes cookies',
      inFrame(() => {
        const { client } = host(app());
        expect(
          client
            .stream('/upload', { json: [1] })
            .read()
            .toString(),
        ).to.equal('[1]');
        const moved = client.stream('/moved');
        expect([moved.url, moved.readLine(), client.cookies.get('hop')]).to.deep.equal([
          'http://localhost/lines',
          'one',
          '1',
        ]);
        expect(client.stream('/moved', { followRedirects: false }).status).to.equal(302);
      }),
    );

    it(
      'close lets the app see its client go',
      inFrame(() => {
        const { client } = host(app());
        const stream = client.stream('/silent');
        stream.close();
        client.get('/gzip');
        expect(seen).to.deep.equal(['closed']);
        expect(thrownBy(() => stream.readLine())).to.be.instanceOf(ClosedError);
      }),
    );

    it(
      'a read that nothing ends names the request and the read',
      inFrame(() => {
        const { client } = host(app());
        const stream = client.stream('/silent');
        expect(stream.readLine()).to.equal('first');
        const stuck = thrownBy(() => stream.readLine());
        expect(stuck, stuck.message).to.be.instanceOf(DeadlockError);
        expect(stuck.message).to.match(
          /GET \/silent \(status 200, 6 bytes so far\): readLine\(\) has waited for \d+ ms/,
        );

        const timer = setInterval(() => undefined, 10);
        const late = thrownBy(() => stream.next({ timeout: 40 }));
        clearInterval(timer);
        expect(late).to.be.instanceOf(SyncTimeoutError);
        expect(late.message).to.match(/GET \/silent .*: next\(\) has waited/);
        expect(late.message).not.to.match(/readLine/);
        expect(thrownBy(() => client.stream('/mute')).message).to.match(/GET \/mute: no response after/);
      }),
    );

    it(
      "throws the app's error, at once and half way through",
      inFrame(() => {
        const { client } = host(app());
        expect(thrownBy(() => client.stream('/boom')).message).to.equal('at once');
        expect(client.stream('/boom', { raiseServerErrors: false }).status).to.equal(500);
        const stream = client.stream('/late');
        expect(stream.read(4).toString()).to.equal('half');
        expect(thrownBy(() => stream.read()).message).to.equal('late failure');
      }),
    );

    it('does the same with promises', async () => {
      const { client } = host(app());
      const stream = await client.async.stream('/lines');
      expect([await stream.readLine(), (await stream.next())?.toString()]).to.deep.equal(['one', 'tw']);
      const rest: string[] = [];
      for await (const chunk of stream) rest.push(chunk.toString());
      expect(rest.join('')).to.equal('o\r\nthree');
      const silent = await client.async.stream('/silent');
      await silent.readLine();
      const error = await rejection(silent.readLine({ timeout: 20 }));
      expect(error).to.be.instanceOf(SyncTimeoutError);
      expect(error.message).to.match(/GET \/silent .*readLine\(\) has waited .* timeout of 20 ms/);
      expect((await rejection(client.async.stream('/mute', { timeout: 20 }))).message).to.match(
        /GET \/mute: no response/,
      );
    });

    it('waits no longer than the running test, less a little', async () => {
      const { client } = host(app(), { remaining: () => 80 });
      expect((await rejection(client.async.get('/mute'))).message).to.match(
        /GET \/mute: no response .*timeout of 30 ms/,
      );
      const stream = await client.async.stream('/silent');
      await stream.readLine();
      expect((await rejection(stream.readLine())).message).to.match(/timeout of 30 ms/);
    });

    it('is closed at the end of its scope', async () => {
      const made = host(app());
      made.beginScope();
      const stream = await made.client.async.stream('/silent');
      expect(made.busy).to.equal(false);
      made.endScope();
      await until(() => seen.length > 0);
      expect(seen).to.deep.equal(['closed']);
      expect(await rejection(stream.readLine())).to.be.instanceOf(ClosedError);
    });
  });

  describe('client.sse', () => {
    it(
      'gives event after event',
      inFrame(() => {
        const { client } = host(app());
        const events = client.sse('/events');
        expect(events.next()).to.deep.equal({ event: 'message', data: 'text/event-stream', id: '7', retry: undefined });
        expect(events.next()).to.deep.equal({ event: 'price', data: '{"a":\n1}', id: '7', retry: 50 });
        expect([...events].map(({ data }) => data)).to.deep.equal(['', 'last']);
        expect(events.next()).to.equal(undefined);
        const again = client.sse('/events');
        again.next();
        expect(again.nextJson()).to.deep.equal({ a: 1 });
        expect(thrownBy(() => again.nextJson())).to.be.instanceOf(RequestError);
        again.close();
      }),
    );

    it(
      'a stream that never ends gives an error that names it',
      inFrame(() => {
        const events = host(app()).client.sse('/events?open');
        const error = thrownBy(() => [...events]);
        expect(error, error.message).to.be.instanceOf(DeadlockError);
        expect(error.message).to.match(/GET \/events\?open \(status 200, \d+ bytes so far\): next\(\) has waited/);
      }),
    );

    it('refuses an answer that is no event stream', async () => {
      const { client } = host(app());
      const error = await rejection(client.async.sse('/lines'));
      expect(error).to.be.instanceOf(RequestError);
      expect(error.message).to.match(/GET \/lines: the app answered 200 with text\/plain.* instead of an event stream/);
    });

    it('does the same with promises', async () => {
      const data: string[] = [];
      for await (const event of await host(app()).client.async.sse('/events')) data.push(event.data);
      expect(data).to.deep.equal(['text/event-stream', '{"a":\n1}', '', 'last']);
    });
  });

  describe('client.ws', () => {
    function server(): ReturnType<typeof createServer> {
      const made = createServer((_request: IncomingMessage, response: ServerResponse) =>
        response.writeHead(404).end('no page'),
      );
      const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'v2' });
      made.on('upgrade', (request, socket, head) => {
        const { url = '' } = request;
        if (url === '/denied')
          return void socket.end('HTTP/1.1 403 Forbidden\r\nx-why: tea\r\ncontent-length: 4\r\n\r\nnope');
        if (url === '/mute') return;
        sockets.handleUpgrade(request, socket, head, (ws) => {
          ws.on('message', (data: Buffer, binary) => {
            const text = data.toString();
            if (text === 'bye') ws.close(4001, 'as you wish');
            else if (text === 'drop') ws.terminate();
            else ws.send(data, { binary });
          });
          ws.on('close', (code) => seen.push(`closed ${code}`));
          if (url.startsWith('/hello')) {
            const { cookie, authorization, 'x-a': own } = request.headers;
            ws.send(JSON.stringify({ url, cookie, authorization, own, ip: request.socket.remoteAddress }));
          }
        });
      });
      return made;
    }

    it(
      'sends and receives',
      inFrame(() => {
        const { client } = host(server());
        const ws = client.ws('/echo', { protocols: ['v1', 'v2'] });
        expect([ws.url, ws.protocol, ws.closed]).to.deep.equal(['ws://localhost/echo', 'v2', undefined]);
        ws.send('text');
        expect(ws.receive()).to.equal('text');
        ws.send(Buffer.from([1, 2]));
        expect(ws.receive()).to.deep.equal(Buffer.from([1, 2]));
        ws.sendJson({ a: [1] });
        expect(ws.receiveJson()).to.deep.equal({ a: [1] });
        ws.send('no json');
        expect(thrownBy(() => ws.receiveJson())).to.be.instanceOf(RequestError);
        ws.close(4000, 'done');
        expect(ws.closed).to.deep.equal({ code: 4000, reason: 'done' });
        expect(seen).to.deep.equal(['closed 4000']);
        expect(thrownBy(() => ws.send('x'))).to.be.instanceOf(ClosedError);
        ws.close();
      }),
    );

    it(
      'carries params, headers, cookies, authorization, address and scheme',
      inFrame(() => {
        const { client } = host(server());
        const options = {
          params: { a: 1 },
          headers: { 'x-a': 'b' },
          cookies: { c: 2 },
          auth: 't',
          clientAddress: '10.1.1.1',
        };
        for (const url of ['/hello', 'ws://localhost/hello', 'wss://localhost/hello']) {
          expect(client.ws(url, options).receiveJson()).to.deep.equal({
            url: '/hello?a=1',
            cookie: 'c=2',
            authorization: 'Bearer t',
            own: 'b',
            ip: '10.1.1.1',
          });
        }
      }),
    );

    it(
      'tells how the app closed it, after what it sent before',
      inFrame(() => {
        const { client } = host(server());
        const ws = client.ws('/echo');
        ws.send('one');
        ws.send('bye');
        expect(ws.receiveClose()).to.deep.equal({ code: 4001, reason: 'as you wish' });
        expect(ws.receive()).to.equal('one');
        const error = thrownBy(() => ws.receive()) as ClosedError;
        expect(error).to.be.instanceOf(ClosedError);
        expect([error.closeCode, error.reason]).to.deep.equal([4001, 'as you wish']);

        const dropped = client.ws('/echo');
        dropped.send('two');
        dropped.send('drop');
        expect([...dropped]).to.deep.equal(['two']);
        expect(dropped.closed?.code).to.equal(1006);
        client.ws('/echo').disconnect();
        client.get('/x');
        expect(seen).to.include('closed 1006');
      }),
    );

    it(
      'a refusal is an error with the answer',
      inFrame(() => {
        const { client } = host(server());
        const error = thrownBy(() => client.ws('/denied')) as UpgradeError;
        expect(error).to.be.instanceOf(UpgradeError);
        expect([error.status, error.headers['x-why'], error.text]).to.deep.equal([403, 'tea', 'nope']);
        expect(error.message).to.match(/WebSocket \/denied: the app refused the WebSocket with 403 Forbidden: nope/);
        const plain = thrownBy(() => host(app()).client.ws('/none')) as UpgradeError;
        expect(plain.status).to.equal(404);
        expect(plain.message).to.match(/No upgrade listener/);
        expect(thrownBy(() => host(app()).client.ws('/boom')).message).to.equal('at once');
      }),
    );

    it(
      'a wait that nothing ends names the WebSocket and the wait',
      inFrame(() => {
        const { client } = host(server());
        const ws = client.ws('/echo');
        const error = thrownBy(() => ws.receive());
        expect(error, error.message).to.be.instanceOf(DeadlockError);
        expect(error.message).to.match(/WebSocket \/echo \(0 messages so far\): receive\(\) has waited for \d+ ms/);
        ws.send('still alive');
        expect(ws.receive()).to.equal('still alive');
        expect(thrownBy(() => client.ws('/mute')).message).to.match(
          /WebSocket \/mute: no answer to the handshake after/,
        );
      }),
    );

    it(
      'misuse is refused by name',
      inFrame(() => {
        const { client } = host(server());
        expect(() => client.ws('/x', { protocols: [5 as never] })).to.throw(RequestError, /protocols contains 5/);
        expect(() => client.ws('/x', { protocols: ['a', 'a'] })).to.throw(RequestError, /twice/);
        expect(() => client.ws('/x', { json: 1 } as never)).to.throw(RequestError, /there is no option "json"/);
        const ws = client.ws('/echo');
        expect(() => ws.send({} as never)).to.throw(RequestError, /send was given an object/);
        expect(() => ws.sendJson(undefined)).to.throw(RequestError, /sendJson was given undefined/);
        expect(() => ws.close(1, 'x')).to.throw(RequestError, /close\(1, "x"\)/);
        expect(() => client.all(() => client.ws('/echo'))).to.throw(RequestError, /client\.ws was called inside/);
      }),
    );

    it('does the same with promises', async () => {
      const { client } = host(server());
      const ws = await client.async.ws('/echo');
      await ws.sendJson([1]);
      expect(await ws.receiveJson()).to.deep.equal([1]);
      expect((await rejection(ws.receive({ timeout: 20 }))).message).to.match(
        /receive\(\) has waited .* timeout of 20 ms/,
      );
      await ws.send('a');
      await ws.send('bye');
      const all: unknown[] = [];
      for await (const message of ws) all.push(message);
      expect([all, ws.closed?.code]).to.deep.equal([['a'], 4001]);
      expect(await rejection(client.async.ws('/denied'))).to.be.instanceOf(UpgradeError);
    });

    it('is closed at the end of its scope', async () => {
      const made = host(server());
      made.beginScope();
      await made.client.async.ws('/echo');
      made.endScope();
      await until(() => seen.length > 0);
      expect(seen).to.deep.equal(['closed 1006']);
    });
  });
});
