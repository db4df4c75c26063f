import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { RequestError } from '#src/errors.js';
import { EXPRESS, host, stopAll } from './frameworks.js';

interface Seen {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly address: string;
  readonly family: string;
}

function app(request: IncomingMessage, response: ServerResponse): void {
  const { url, headers, socket } = request;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ url, headers, address: socket.remoteAddress, family: socket.remoteFamily }));
}

describe('http users', () => {
  afterEach(stopAll);

  it('client.as is another user of the same app', async () => {
    let starts = 0;
    const made = host(() => ((starts += 1), app), { headers: { 'x-team': 'a', accept: 'text/html' }, baseUrl: '/api' });
    const admin = made.client.as({
      auth: 'admin-token',
      headers: { Accept: 'application/json' },
      cookies: { theme: 'dark' },
    });
    const bob = admin.as({ auth: ['bob', 'pw'], baseUrl: 'https://shop.test' });
    const nobody = admin.as({ auth: null });

    const plain = (await made.client.async.get<Seen>('/x')).body;
    expect(plain.url).to.equal('/api/x');
    expect(plain.headers)
      .to.include({ 'x-team': 'a', accept: 'text/html' })
      .and.not.to.have.keys('authorization', 'cookie');

    const first = (await admin.async.get<Seen>('/x')).body;
    expect(first.url).to.equal('/api/x');
    expect(first.headers).to.include({
      'x-team': 'a',
      accept: 'application/json',
      authorization: 'Bearer admin-token',
      cookie: 'theme=dark',
    });

    const second = await bob.async.get<Seen>('/x');
    expect(second.url).to.equal('https://shop.test/x');
    expect(second.body.headers['authorization']).to.equal(`Basic ${Buffer.from('bob:pw').toString('base64')}`);
    expect(second.body.headers['cookie']).to.equal(undefined);
    expect((await nobody.async.get<Seen>('/x')).body.headers['authorization']).to.equal(undefined);
    expect(starts).to.equal(1);
  });

  it('a call has the last word', async () => {
    const { client } = host(app);
    const ann = client.as({ auth: 'a', clientAddress: '10.0.0.1' });
    const { headers, address } = (await ann.async.get<Seen>('/', { auth: 'b', clientAddress: '10.0.0.2' })).body;
    expect([headers['authorization'], address]).to.deep.equal(['Bearer b', '10.0.0.2']);
    expect((await ann.async.get<Seen>('/', { auth: null })).body.headers['authorization']).to.equal(undefined);
  });

  it('authorization stays within the app when it redirects', async () => {
    const { client } = host((request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else app(request, response);
    });
    expect((await client.async.get<Seen>('/a', { auth: 't' })).body.headers['authorization']).to.equal('Bearer t');
  });

  it('the app sees the address that the test chose', async () => {
    const { client } = host(app, { clientAddress: '198.51.100.4' });
    expect((await client.async.get<Seen>('/')).body).to.include({ address: '198.51.100.4', family: 'IPv4' });
    const six = await client.as({ clientAddress: '2001:db8::1' }).async.get<Seen>('/');
    expect(six.body).to.include({ address: '2001:db8::1', family: 'IPv6' });
  });

  for (const [name, express] of EXPRESS) {
    it(`${name} has it as req.ip`, async () => {
      const { client } = host(express().get('/', (req, res) => void res.send(req.ip)));
      expect((await client.async.get('/', { clientAddress: '203.0.113.9' })).text).to.equal('203.0.113.9');
    });
  }

  it('misuse is refused at client.as', () => {
    const { client } = host(app);
    expect(() => client.as({ cookie: {} } as object)).to.throw(RequestError, /Did you mean cookies\?/);
    expect(() => host(app, { baseUrl: 'x' })).to.throw(RequestError, /createClient: baseUrl is "x"/);
    expect(() => host(app, { clientAddress: '1' })).to.throw(RequestError, /createClient: clientAddress/);
  });
});
