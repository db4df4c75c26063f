import { expect } from 'chai';
import { RequestError } from '#src/errors.js';
import { nearest } from '#src/http/request/nearest.js';
import { Response } from '#src/http/response.js';

function response(bytes: string | Buffer, type?: string, status = 200): Response<unknown> {
  return new Response({
    method: 'GET',
    url: 'http://localhost/x',
    status,
    statusText: '',
    headers: { ...(type === undefined ? {} : { 'content-type': type }), 'set-cookie': ['a=1', 'b=2'], etag: 'W/"1"' },
    bytes: Buffer.from(bytes as string),
    elapsed: 1,
    history: [],
    serverError: undefined,
  });
}

describe('http/response', () => {
  const bodies: [string, string | undefined, unknown][] = [
    ['{"a":1}', 'application/json', { a: 1 }],
    ['{"a":1}', 'Application/JSON; charset=utf-8', { a: 1 }],
    ['{"a":1}', 'application/problem+json', { a: 1 }],
    ['a=1&b=2&a=3', 'application/x-www-form-urlencoded', { a: ['1', '3'], b: '2' }],
    ['{"a":1}', 'text/plain', '{"a":1}'],
    ['hello', undefined, 'hello'],
    ['', 'application/json', undefined],
    ['', undefined, undefined],
  ];
  for (const [text, type, expected] of bodies) {
    it(`reads ${JSON.stringify(text)} as ${type ?? 'no type'}`, () => {
      expect(response(text, type).body).to.deep.equal(expected);
    });
  }

  it('parses a body once', () => {
    const res = response('{"a":1}', 'application/json');
    expect(res.body).to.equal(res.body);
  });

  it('says what came instead of JSON', () => {
    const res = response('<h1>Oops</h1>', 'application/json');
    expect(() => res.body).to.throw(RequestError, /GET http:\/\/localhost\/x \(200\): .*<h1>Oops<\/h1>/);
    expect(() => response('').json()).to.throw(RequestError, /empty body/);
    expect(res.text).to.equal('<h1>Oops</h1>');
  });

  it('reads JSON whatever the content type is', () => {
    expect(response('[1]', 'text/plain').json()).to.deep.equal([1]);
  });

  it('decodes the charset it was sent in', () => {
    expect(response(Buffer.from([0xe9]), 'text/plain; charset=ISO-8859-1').text).to.equal('é');
    expect(response(Buffer.from([0xef, 0xbb, 0xbf, 0x61]), 'text/plain').text).to.equal('a');
    expect(() => response('a', 'text/plain; charset=klingon').text).to.throw(RequestError, /klingon/);
  });

  it('finds headers in any case', () => {
    const res = response('');
    expect(res.header('ETag')).to.equal('W/"1"');
    expect(res.header('Set-Cookie')).to.equal('a=1, b=2');
    expect(res.header('x-none')).to.equal(undefined);
  });

  it('is ok from 200 to 299', () => {
    expect([199, 200, 299, 300, 404].map((status) => response('', undefined, status).ok)).to.deep.equal([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('http/request/nearest', () => {
  const words: [string, string | undefined][] = [
    ['jsn', 'json'],
    ['jsno', 'json'],
    ['JSON', 'json'],
    ['header', 'headers'],
    ['timeOut', 'timeout'],
    ['xyz', undefined],
  ];
  for (const [word, expected] of words) {
    it(`${word} -> ${expected}`, () => expect(nearest(word, ['json', 'headers', 'timeout'])).to.equal(expected));
  }
});
