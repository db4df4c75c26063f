import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { host, stopAll } from './frameworks.js';

/** Sets the cookies named in the query (`?set=a=1; Path=/x`), and answers with those that came. */
function app(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
  response.setHeader('set-cookie', searchParams.getAll('set'));
  if (pathname === '/hop') response.writeHead(302, { location: '/landed' });
  response.end(request.headers.cookie ?? '');
}

describe('http cookies', () => {
  afterEach(stopAll);

  const rules: [name: string, set: string, setAt: string, path: string, sent: string][] = [
    ['are sent again', 'a=1', '/', '/x', 'a=1'],
    ['have their path', 'a=1; Path=/admin', '/', '/x', ''],
    ['are sent under their path', 'a=1; Path=/admin', '/', '/admin/x', 'a=1'],
    ['without a path are valid beside where they were set', 'a=1', '/shop/cart', '/shop/x', 'a=1'],
    ['without a path are not valid elsewhere', 'a=1', '/shop/cart', '/x', ''],
    ['that are Secure need https', 'a=1; Secure', 'https://localhost/', '/', ''],
    ['that are Secure are sent over https', 'a=1; Secure', 'https://localhost/', 'https://localhost/', 'a=1'],
    ['that are Secure cannot be set over http', 'a=1; Secure', '/', 'https://localhost/', ''],
    ['that are HttpOnly are sent as all others', 'a=1; HttpOnly', '/', '/', 'a=1'],
    ['of another host are not sent', 'a=1', 'http://one.test/', 'http://two.test/', ''],
    ['of a domain are sent to its hosts', 'a=1; Domain=shop.test', 'http://a.shop.test/', 'http://b.shop.test/', 'a=1'],
    ['of a foreign domain are refused', 'a=1; Domain=bank.test', 'http://shop.test/', 'http://bank.test/', ''],
    ['that have expired are dropped', 'a=1; Max-Age=0', '/', '/', ''],
    ['that are malformed are dropped', 'nonsense', '/', '/', ''],
    ['with __Host- need https and a path', '__Host-a=1; Path=/', '/', '/', ''],
  ];
  for (const [name, set, setAt, path, sent] of rules) {
    it(name, async () => {
      const { client } = host(app);
      await client.async.get(setAt, { params: { set } });
      expect((await client.async.get(path)).text).to.equal(sent);
    });
  }

  it('of a redirect are stored, and sent to where it leads', async () => {
    const { client } = host(app);
    const res = await client.async.get('/hop', { params: { set: ['a=1; Path=/', 'b=2; Path=/'] } });
    expect([res.url, res.text]).to.deep.equal(['http://localhost/landed', 'a=1; b=2']);
    expect(res.history[0]?.cookies).to.deep.equal({ a: '1', b: '2' });
  });

  it('are removed by the app', async () => {
    const { client } = host(app);
    await client.async.get('/', { params: { set: 'a=1' } });
    await client.async.get('/', { params: { set: 'a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT' } });
    expect((await client.async.get('/')).text).to.equal('');
  });

  it('of one call go with the jar, and only with that call', async () => {
    const { client } = host(app);
    await client.async.get('/', { params: { set: ['a=1', 'b=2'] } });
    expect((await client.async.get('/', { cookies: { a: 'x', c: 3 } })).text).to.equal('a=x; c=3; b=2');
    expect((await client.async.get('/', { cookies: { a: null } })).text).to.equal('b=2');
    expect((await client.async.get('/', { headers: { cookie: 'own=1' } })).text).to.equal('own=1');
    expect((await client.async.get('/')).text).to.equal('a=1; b=2');
  });

  it('can be read and set by the test', async () => {
    const { client } = host(app);
    await client.async.get('/', { params: { set: 'a=1; Path=/' } });
    client.cookies.set('b', 2);
    client.cookies.set('s', 'x', { secure: true });
    client.cookies.set('h', 'y', { host: 'shop.test', path: '/cart' });
    expect(client.cookies.all()).to.deep.equal({ a: '1', b: '2' });
    expect(client.cookies.get('s')).to.equal(undefined);
    expect(client.cookies.get('s', 'https://localhost/')).to.equal('x');
    expect((await client.async.get('http://shop.test/cart/1')).text).to.equal('h=y');
    expect(() => client.cookies.set('b', 'a;b')).to.throw(/client\.cookies\.set: the cookie b contains/);
    client.cookies.clear();
    expect((await client.async.get('/')).text).to.equal('');
  });

  it('of the response are there with their attributes', async () => {
    const set = [
      'a=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=60',
      'b=2; Secure; Expires=Fri, 31 Dec 2099 23:59:59 GMT',
    ];
    const res = await host(app).client.async.get('https://localhost/', { params: { set } });
    expect(res.cookies).to.deep.equal({ a: '1', b: '2' });
    expect(res.cookie('a')).to.include({
      value: '1',
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      maxAge: 60,
      secure: false,
    });
    expect(res.cookie('b')).to.include({ secure: true, httpOnly: false });
    expect(res.cookie('b')?.expires?.toISOString()).to.equal('2099-12-31T23:59:59.000Z');
    expect(res.cookie('c')).to.equal(undefined);
  });

  it('live as long as the scope that brought them in', async () => {
    const made = host(app);
    const { client } = made;
    made.beginScope();
    await client.async.get('/', { params: { set: 'login=1' } });
    const ann = client.async.as({ cookies: { ann: 1 } });
    made.beginScope();
    await client.async.get('/', { params: { set: ['test=1', 'login=2'] } });
    await ann.get('/', { params: { set: 'ann=2' } });
    expect((await client.async.get('/')).text).to.equal('login=2; test=1');
    made.endScope();
    expect((await client.async.get('/')).text).to.equal('login=1');
    expect((await ann.get('/')).text).to.equal('ann=1');
    made.endScope();
    expect((await client.async.get('/')).text).to.equal('');
    expect((await ann.get('/')).text).to.equal('');
  });

  it('of two users are apart', async () => {
    const { client } = host(app);
    const ann = client.async.as();
    await client.async.get('/', { params: { set: 'a=1' } });
    await ann.get('/', { params: { set: 'b=1' } });
    expect((await client.async.get('/')).text).to.equal('a=1');
    expect((await ann.get('/')).text).to.equal('b=1');
  });
});
