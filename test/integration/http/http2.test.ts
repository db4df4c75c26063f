import { constants, createServer } from 'node:http2';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import fastify from 'fastify';
import { host, rejection, stopAll } from './frameworks.js';

const boom = new Error('boom');

/** What {@link listener} answers. */
interface Seen {
  readonly remoteAddress: string;
  readonly body: string;
}

function listener(request: Http2ServerRequest, response: Http2ServerResponse): void {
  const { url, method, headers, httpVersion, authority, scheme } = request;
  if (url === '/boom') throw boom;
  if (url === '/mute') return;
  if (url === '/broken')
    return void (response.write('half'), setTimeout(() => response.stream.close(constants.NGHTTP2_INTERNAL_ERROR), 5));
  if (url === '/empty') return void response.writeHead(204).end();
  if (url === '/hints') response.stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    const { remoteAddress } = request.socket;
    const body = Buffer.concat(chunks).toString();
    response.end(
      JSON.stringify({ url, method, httpVersion, authority, scheme, cookie: headers.cookie, remoteAddress, body }),
    );
  });
}

for (const transport of ['memory', 'tcp'] as const) {
  describe(`http/2 over ${transport}`, () => {
    afterEach(stopAll);

    it('asks and answers', async () => {
      const { client } = host(createServer(listener), { transport });
      const res = await client.async.get<Seen>('/x?a=1', { clientAddress: '127.0.0.3' });
      expect(res.body).to.deep.include({
        url: '/x?a=1',
        method: 'GET',
        httpVersion: '2.0',
        authority: 'localhost',
        scheme: 'http',
      });
      expect([res.status, res.cookies, res.body.remoteAddress]).to.deep.equal([200, { a: '1', b: '2' }, '127.0.0.3']);
      const again = await client.async.post('https://localhost/y', { json: [1] });
      expect(again.body).to.deep.include({ body: '[1]', scheme: 'https', cookie: 'a=1; b=2' });
      expect((await client.async.put<Seen>('/', { body: Readable.from(['a', 'b']) })).body.body).to.equal('ab');
      expect((await client.async.get('/empty')).body).to.equal(undefined);
      expect((await client.async.head('/x')).text).to.equal('');
      expect((await client.async.get('/hints')).informational).to.deep.equal([
        { status: 103, headers: { link: '</a.css>' } },
      ]);
    });

    it('sends many at the same time over one session', async () => {
      const server = createServer(listener);
      let sessions = 0;
      server.on('session', () => (sessions += 1));
      const { client } = host(server, { transport });
      const all = await Promise.all(Array.from({ length: 50 }, (_, n) => client.async.post<Seen>('/', { json: n })));
      expect(all.map(({ body }) => Number(body.body))).to.deep.equal(Array.from({ length: 50 }, (_, n) => n));
      expect(sessions).to.equal(1);
    });

    it('throws the error of the app, names what has no answer or breaks off', async () => {
      const { client } = host(createServer(listener), { transport });
      expect(await rejection(client.async.get('/boom'))).to.equal(boom);
      expect((await rejection(client.async.get('/mute', { timeout: 20 }))).message).to.match(/GET \/mute: no response/);
      expect((await rejection(client.async.get('/broken'))).message).to.match(
        /GET \/broken: the app closed the connection/,
      );
      expect((await client.async.get('/x')).status).to.equal(200);
    });

    it('streams', async () => {
      const { client } = host(
        createServer((_request, response) => response.write('one\n')),
        { transport },
      );
      const stream = await client.async.stream('/');
      expect(await stream.readLine()).to.equal('one');
      stream.close();
    });

    it('drives Fastify', async () => {
      const app = fastify({ http2: true });
      app.get('/', () => ({ ok: true }));
      app.get('/boom', () => {
        throw boom;
      });
      const made = host(app, { transport });
      expect((await made.client.async.get('/')).body).to.deep.equal({ ok: true });
      expect(await rejection(made.client.async.get('/boom'))).to.equal(boom);
      await made.stop();
    });
  });
}
