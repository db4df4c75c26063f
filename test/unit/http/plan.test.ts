import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { Fields, RequestOptions } from '#src/http/options.js';
import { planRequest } from '#src/http/request/plan.js';
import { formatTarget } from '#src/http/request/target.js';

const path = (url: string, params?: Fields | URLSearchParams): string =>
  planRequest('GET', url, { params }, undefined).target.path;

const ENCODINGS = { 'accept-encoding': 'gzip, deflate, br' };

describe('http/request/plan', () => {
  const paths: [string, Fields | URLSearchParams | undefined, string][] = [
    ['/users', undefined, '/users'],
    ['/users?page=2', { q: 'a b' }, '/users?page=2&q=a+b'],
    ['/users?', { q: 1 }, '/users?q=1'],
    ['/u', { tag: ['a', 'b'], none: null, no: undefined, yes: true, n: 10n }, '/u?tag=a&tag=b&yes=true&n=10'],
    ['/u', { tag: [] }, '/u'],
    ['/u', { at: new Date(0) }, '/u?at=1970-01-01T00%3A00%3A00.000Z'],
    ['/u', new URLSearchParams('a=1&a=2'), '/u?a=1&a=2'],
    ['/u#part', { a: 1 }, '/u?a=1'],
    ['/josé und/%2e', undefined, '/jos%C3%A9%20und/%2e'],
    ['/a/../b//c', undefined, '/a/../b//c'],
    ['//evil.example/x', undefined, '//evil.example/x'],
    ['http://localhost', undefined, '/'],
    ['http://localhost?a=1', undefined, '/?a=1'],
  ];
  for (const [url, params, expected] of paths) {
    it(`sends ${url} as ${expected}`, () => expect(path(url, params)).to.equal(expected));
  }

  it('takes scheme and host from an absolute URL', () => {
    const { target, headers } = planRequest('get', 'HTTPS://Tenant.Example.com:8443/x', {}, undefined);
    expect(target).to.deep.equal({ scheme: 'https', host: 'tenant.example.com:8443', path: '/x' });
    expect(headers).to.deep.equal({ host: 'tenant.example.com:8443', ...ENCODINGS });
  });

  const bodies: [string, RequestOptions, string | undefined, string | undefined][] = [
    ['json', { json: { a: 'é' } }, '{"a":"é"}', 'application/json'],
    ['json null', { json: null }, 'null', 'application/json'],
    ['json undefined', { json: undefined }, undefined, undefined],
    ['form', { form: { a: [1, 2], b: 'x&y' } }, 'a=1&a=2&b=x%26y', 'application/x-www-form-urlencoded'],
    ['a string', { body: 'hi' }, 'hi', 'text/plain;charset=UTF-8'],
    ['bytes', { body: new Uint8Array([104, 105]) }, 'hi', undefined],
    ['a type of its own', { body: '<a/>', headers: { 'Content-Type': 'text/xml' } }, '<a/>', 'text/xml'],
  ];
  for (const [name, options, body, type] of bodies) {
    it(`encodes ${name}`, () => {
      const planned = planRequest('POST', '/x', options, undefined);
      expect((planned.body as Buffer | undefined)?.toString()).to.equal(body);
      expect(planned.headers['content-type']).to.equal(type);
      expect(planned.headers['content-length']).to.equal(body === undefined ? undefined : `${Buffer.byteLength(body)}`);
    });
  }

  it('passes a stream on without a length', () => {
    const body = Readable.from(['a']);
    const planned = planRequest('PUT', '/x', { body }, undefined);
    expect(planned.body).to.equal(body);
    expect(planned.headers).to.deep.equal({ host: 'localhost', ...ENCODINGS });
  });

  it("lets a call's headers replace the client's, in any case, and null remove them", () => {
    const defaults = { Authorization: 'a', 'X-Trace': '1', Host: 'api.test' };
    const { headers } = planRequest(
      'GET',
      '/x',
      { headers: { authorization: 'b', 'x-trace': null, n: 3 } },
      { headers: defaults },
    );
    expect(headers).to.deep.equal({ host: 'api.test', authorization: 'b', n: '3', ...ENCODINGS });
  });

  const bases: [base: string, url: string, expected: string][] = [
    ['/api/v1', '/users', 'http://localhost/api/v1/users'],
    ['/api/v1/', '/users?a=1', 'http://localhost/api/v1/users?a=1'],
    ['https://shop.test', '/users', 'https://shop.test/users'],
    ['https://shop.test/api', '/', 'https://shop.test/api/'],
    ['https://shop.test/api', 'http://other.test/x', 'http://other.test/x'],
  ];
  for (const [baseUrl, url, expected] of bases) {
    it(`under ${baseUrl}, ${url} is ${expected}`, () => {
      expect(formatTarget(planRequest('GET', url, {}, { baseUrl }).target)).to.equal(expected);
    });
  }

  const auths: [RequestOptions, string | undefined][] = [
    [{ auth: ['ann', 'p:w'] }, `Basic ${Buffer.from('ann:p:w').toString('base64')}`],
    [{ auth: 'tok.en' }, 'Bearer tok.en'],
    [{ auth: null }, undefined],
    [{ headers: { authorization: 'Digest x' } }, 'Digest x'],
    [{}, 'Bearer default'],
  ];
  for (const [options, expected] of auths) {
    it(`${JSON.stringify(options)} sends authorization ${expected}`, () => {
      expect(planRequest('GET', '/', options, { auth: 'default' }).headers['authorization']).to.equal(expected);
    });
  }
});
