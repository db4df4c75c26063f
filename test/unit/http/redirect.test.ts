import { Readable } from 'node:stream';
import { expect } from 'chai';
import { RequestError } from '#src/errors.js';
import { redirected } from '#src/http/redirect.js';
import { planRequest } from '#src/http/request/plan.js';

describe('http/redirect', () => {
  const methods: [number, string, string, boolean][] = [
    [301, 'POST', 'GET', false],
    [302, 'POST', 'GET', false],
    [303, 'POST', 'GET', false],
    [301, 'PUT', 'PUT', true],
    [302, 'DELETE', 'DELETE', true],
    [303, 'PUT', 'GET', false],
    [307, 'POST', 'POST', true],
    [308, 'PATCH', 'PATCH', true],
  ];
  for (const [status, method, expected, keepsBody] of methods) {
    it(`${status} makes a ${method} a ${expected} ${keepsBody ? 'with' : 'without'} its body`, () => {
      const next = redirected(planRequest(method, '/a', { json: 1, headers: { x: 'y' } }, undefined), status, '/b');
      expect(next?.method).to.equal(expected);
      expect(next?.body !== undefined).to.equal(keepsBody);
      expect(next?.headers['content-type'] !== undefined).to.equal(keepsBody);
      expect(next?.headers['content-length'] !== undefined).to.equal(keepsBody);
      expect(next?.headers['x']).to.equal('y');
    });
  }

  it('303 leaves a HEAD a HEAD', () => {
    expect(redirected(planRequest('HEAD', '/a', {}, undefined), 303, '/b')?.method).to.equal('HEAD');
  });

  const locations: [string | undefined, string | undefined][] = [
    ['/b?x=1#part', '/b?x=1'],
    ['c', '/a/c'],
    ['../d', '/d'],
    ['?page=2', '/a/b?page=2'],
    ['http://localhost/e', '/e'],
    ['https://localhost/f', '/f'],
    ['https://accounts.example.com/login', undefined],
    ['http://localhost:3000/x', undefined],
    ['mailto:a@b.c', undefined],
    ['http://', undefined],
    [undefined, undefined],
  ];
  for (const [location, expected] of locations) {
    it(`location ${location} leads to ${expected ?? 'nowhere'}`, () => {
      expect(redirected(planRequest('GET', '/a/b', {}, undefined), 302, location)?.target.path).to.equal(expected);
    });
  }

  for (const status of [200, 201, 300, 304, 400]) {
    it(`${status} is no redirect`, () => {
      expect(redirected(planRequest('GET', '/', {}, undefined), status, '/b')).to.equal(undefined);
    });
  }

  it('refuses to repeat a stream', () => {
    const request = planRequest('POST', '/a', { body: Readable.from(['x']) }, undefined);
    expect(() => redirected(request, 307, '/b')).to.throw(RequestError, /was a stream and has been read/);
  });
});
