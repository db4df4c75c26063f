import { expect } from 'chai';
import { RequestError } from '#src/errors.js';
import type { RequestOptions, UserOptions } from '#src/http/options.js';
import { planRequest } from '#src/http/request/plan.js';
import { readUserOptions } from '#src/http/request/user-options.js';

const circular: Record<string, unknown> = {};
circular['self'] = circular;

/** Method, URL, options as untyped JavaScript may give them, and what the message must say. */
const refused: [name: string, method: unknown, url: unknown, options: unknown, ...says: RegExp[]][] = [
  ['a misspelt option', 'POST', '/x', { jsn: {} }, /"jsn"/, /Did you mean json\?/],
  ['an option of other clients', 'POST', '/x', { data: {} }, /"data"/, /Did you mean json\?/],
  ['another one', 'GET', '/x', { query: {} }, /Did you mean params\?/],
  ['an option like no other', 'GET', '/x', { zzzzzz: 1 }, /"zzzzzz"/, /The options are params, headers/],
  ['a misspelt option in another case', 'GET', '/x', { Headers: {} }, /Did you mean headers\?/],
  ['options that are a string', 'GET', '/x', 'json', /options are "json"/],
  ['options that are null', 'GET', '/x', null, /options are null/],
  ['options that are an array', 'GET', '/x', [], /options are an array/],
  ['json and body', 'POST', '/x', { json: {}, body: '' }, /json and body are given together/],
  ['json and form', 'POST', '/x', { json: {}, form: {} }, /json and form are given together/],
  ['json on GET', 'GET', '/x', { json: {} }, /GET request cannot have json/, /params/],
  ['form on HEAD', 'HEAD', '/x', { form: {} }, /HEAD request cannot have form/],
  ['body on a lower-case get', 'get', '/x', { body: 'a' }, /GET request cannot have body/],
  ['a URL without slash', 'GET', 'users/1', {}, /"users\/1"/, /Begin it with a slash: '\/users\/1'/],
  ['an empty URL', 'GET', '', {}, /"" is not a URL/],
  ['a URL that is undefined', 'GET', undefined, {}, /the URL is undefined/],
  ['a URL that is an object', 'GET', {}, {}, /the URL is an object/],
  ['another protocol', 'GET', 'ftp://localhost/x', {}, /"ftp:\/\/localhost\/x" is not a URL/],
  ['a bad port', 'GET', 'http://localhost:99999/', {}, /is not a URL/],
  ['a line break in the URL', 'GET', '/x HTTP/1.1\r\nEvil: 1', {}, /control character/, /injection/],
  ['half a surrogate pair', 'GET', '/\ud800', {}, /surrogate/],
  ['CR LF in a header', 'GET', '/x', { headers: { 'x-a': 'a\r\nb: c' } }, /header x-a contains a line break/],
  ['LF in a repeated header', 'GET', '/x', { headers: { 'x-a': ['ok', 'a\nb'] } }, /header x-a contains a line break/],
  ['a header that HTTP cannot carry', 'GET', '/x', { headers: { 'x-a': '日本' } }, /header x-a/, /encodeURIComponent/],
  ['an undefined header', 'GET', '/x', { headers: { authorization: undefined } }, /header authorization is undefined/],
  ['a header that is an object', 'GET', '/x', { headers: { a: {} } }, /header a is an object/],
  ['a header name with a space', 'GET', '/x', { headers: { 'x a': '1' } }, /"x a" cannot be a header's name/],
  ['headers that are a string', 'GET', '/x', { headers: 'a: b' }, /headers is "a: b"/],
  ['params that are a string', 'GET', '/x', { params: 'a=1' }, /params is "a=1"/],
  ['a nested object in params', 'GET', '/x', { params: { f: { a: 1 } } }, /params\.f is an object/, /JSON\.stringify/],
  ['a nested array in params', 'GET', '/x', { params: { f: [1, [2]] } }, /params\.f\[1\] is an array/],
  ['an invalid date in form', 'POST', '/x', { form: { at: new Date(NaN) } }, /form\.at is an invalid Date/],
  ['circular JSON', 'POST', '/x', { json: circular }, /json cannot be written as JSON/, /circular/],
  ['a BigInt in JSON', 'POST', '/x', { json: { n: 1n } }, /json cannot be written as JSON/],
  ['a function as JSON', 'POST', '/x', { json: () => 1 }, /json is the function json/],
  ['an object as body', 'POST', '/x', { body: { a: 1 } }, /body is an object/, /json or form/],
  ['a number as body', 'POST', '/x', { body: 12 }, /body is 12/],
  ['URLSearchParams as body', 'POST', '/x', { body: new URLSearchParams() }, /body is a URLSearchParams/, /form/],
  ['a negative timeout', 'GET', '/x', { timeout: -1 }, /timeout is -1/],
  ['a timeout of 0', 'GET', '/x', { timeout: 0 }, /timeout is 0/],
  ['a timeout in words', 'GET', '/x', { timeout: '5s' }, /timeout is "5s"/],
  ['an infinite timeout', 'GET', '/x', { timeout: Infinity }, /timeout is Infinity/],
  ['a wrong raiseServerErrors', 'GET', '/x', { raiseServerErrors: true }, /raiseServerErrors is true/, /'unhandled'/],
  ['a wrong followRedirects', 'GET', '/x', { followRedirects: 3 }, /followRedirects is 3/],
  ['auth that is an object', 'GET', '/x', { auth: { user: 'a' } }, /auth is an object/, /Bearer/],
  ['auth with three parts', 'GET', '/x', { auth: ['a', 'b', 'c'] }, /auth is an array/],
  ['a user with a colon', 'GET', '/x', { auth: ['a:b', 'c'] }, /colon/],
  ['a token with its scheme', 'GET', '/x', { auth: 'Bearer abc' }, /without "Bearer"/],
  ['a token with a line break', 'GET', '/x', { auth: 'abc\r\nevil: 1' }, /cannot carry/],
  ['an empty token', 'GET', '/x', { auth: '' }, /is empty/],
  ['auth beside its header', 'GET', '/x', { auth: 't', headers: { Authorization: 'x' } }, /given together/],
  ['cookies that are a string', 'GET', '/x', { cookies: 'a=1' }, /cookies is "a=1"/],
  ['a cookie that is an object', 'GET', '/x', { cookies: { a: {} } }, /cookie a is an object/],
  ['a cookie with a semicolon', 'GET', '/x', { cookies: { a: '1; b=2' } }, /cookie a contains/, /encodeURIComponent/],
  ['a cookie with a line break', 'GET', '/x', { cookies: { a: '1\r\nx: y' } }, /cookie a contains/],
  ['a cookie name with a space', 'GET', '/x', { cookies: { 'a b': '1' } }, /"a b" cannot be a cookie's name/],
  ['cookies beside their header', 'GET', '/x', { cookies: { a: '1' }, headers: { cookie: 'a=2' } }, /given together/],
  ['files on GET', 'GET', '/x', { files: {} }, /GET request cannot have files/],
  ['files and json', 'POST', '/x', { files: {}, json: {} }, /json and files are given together/, /form/],
  ['files and body', 'POST', '/x', { files: {}, body: '' }, /files and body are given together/],
  ['files that are an array', 'POST', '/x', { files: [] }, /files is an array/],
  ['no files', 'POST', '/x', { files: {} }, /files and form are empty/],
  [
    'a file that is a string',
    'POST',
    '/x',
    { files: { a: 'x.png' } },
    /files\.a is "x\.png"/,
    /path or as the content/,
  ],
  ['a file that is a number', 'POST', '/x', { files: { a: [1] } }, /files\.a\[0\] is 1/],
  ['a file that does not exist', 'POST', '/x', { files: { a: { path: '/no/such' } } }, /"\/no\/such"/, /ENOENT/],
  ['a folder as a file', 'POST', '/x', { files: { a: { path: '.' } } }, /not a file/],
  ['path and content', 'POST', '/x', { files: { a: { path: 'a', content: 'b' } } }, /files\.a is an object/],
  [
    'a filename that is a number',
    'POST',
    '/x',
    { files: { a: { content: '', filename: 1 } } },
    /files\.a\.filename is 1/,
  ],
  ['FormData as body', 'POST', '/x', { body: new FormData() }, /body is a FormData/, /form/],
  ['a client address with a port', 'GET', '/x', { clientAddress: '10.0.0.1:80' }, /clientAddress is "10\.0\.0\.1:80"/],
  ['a client address that is a name', 'GET', '/x', { clientAddress: 'localhost' }, /clientAddress is "localhost"/],
  ['a signal that is none', 'GET', '/x', { signal: 5 }, /signal is 5/],
  ['a foreign name of files', 'POST', '/x', { attach: {} }, /Did you mean files\?/],
  ['a body', 'POST', '/x', { name: 'x' }, /no option "name"/, /To send it as the body: \{ json: \{ name: … \} \}/],
  ['a method with a space', 'G ET', '/x', {}, /the method is "G ET"/],
  ['a method that is undefined', undefined, '/x', {}, /the method is undefined/],
];

describe('http misuse is refused by name', () => {
  for (const [name, method, url, options, ...says] of refused) {
    it(name, () => {
      const plan = (): unknown => planRequest(method as string, url as string, options as RequestOptions, undefined);
      expect(plan).to.throw(RequestError);
      for (const text of says) expect(plan).to.throw(text);
    });
  }

  it('keeps control characters out of the message itself', () => {
    expect(() => planRequest('GET', '/a\r\nb', {}, undefined)).to.throw(/^GET \/a\?\?b: /);
  });

  const users: [name: string, options: unknown, says: RegExp][] = [
    ['a misspelt option', { header: {} }, /client\.as: there is no option "header".*[^]*Did you mean headers\?/],
    ['a string', 'ann', /client\.as: the options are "ann"/],
    ['wrong auth', { auth: 5 }, /client\.as: auth is 5/],
    ['a header with a line break', { headers: { a: 'b\nc' } }, /client\.as: the header a contains a line break/],
    ['a base URL without scheme', { baseUrl: 'shop.test' }, /client\.as: baseUrl is "shop\.test"/],
    ['a base URL with a query', { baseUrl: '/a?b' }, /client\.as: baseUrl is "\/a\?b"/],
    ['a wrong address', { clientAddress: 'x' }, /client\.as: clientAddress is "x"/],
  ];
  for (const [name, options, says] of users) {
    it(`client.as with ${name}`, () => {
      expect(() => readUserOptions('client.as', options as UserOptions)).to.throw(RequestError, says);
    });
  }
});
