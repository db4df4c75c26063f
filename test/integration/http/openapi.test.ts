import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { RequestHandler } from 'express';
import { ConfigError, OpenApiError, PeerMissingError, RequestError } from '#src/errors.js';
import type { AsyncClient } from '#src/http/index.js';
import { loadAjv } from '#src/http/openapi/ajv.js';
import { inFrame, thrownBy } from './frame.js';
import { EXPRESS, host, rejection, stopAll } from './frameworks.js';

const [, express] = EXPRESS[1]!;

type Schema = object | boolean;

/** A document with one GET /thing, whose 200 answer has this schema. */
function document(schema: Schema, version = '3.1.0', more: object = {}): object {
  const content = { 'application/json': { schema } };
  return { openapi: version, paths: { '/thing': { get: { responses: { 200: { content } } } } }, ...more };
}

/** A client of an app that answers everything with `handler`, compared with `openapi`. */
function over(openapi: unknown, handler: RequestHandler, undeclared: 'error' | 'ignore' = 'error'): AsyncClient {
  const settings = { name: 'openapi.json', document: openapi, undeclared };
  return host(express().use(handler), { openapi: settings, raiseServerErrors: false }).client.async;
}

const json =
  (body: unknown, status = 200): RequestHandler =>
  (_req, res) =>
    void res.status(status).json(body);

/** The places that an answer to GET /thing violates: `place pointer: expected`. */
async function found(openapi: object, body: unknown): Promise<string[]> {
  const error = await over(openapi, json(body))
    .get('/thing')
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  if (error === undefined) return [];
  if (!(error instanceof OpenApiError)) throw error;
  return error.violations.map(({ pointer, expected }) => `${pointer}: ${expected}`);
}

describe('OpenAPI', () => {
  afterEach(stopAll);

  describe('a violation', () => {
    const user = {
      type: 'object',
      required: ['id', 'name'],
      properties: {
        id: { type: 'integer' },
        name: { type: 'string' },
        tags: { type: 'array', items: { enum: ['a', 'b'] } },
      },
      additionalProperties: false,
    };
    const users = {
      openapi: '3.1.0',
      paths: { '/users/{id}': { get: { responses: { 200: { $ref: '#/components/responses/User' } } } } },
      components: {
        responses: { User: { content: { 'application/json': { schema: { $ref: '#/components/schemas/User' } } } } },
        schemas: { User: user },
      },
    };

    it(
      'is thrown at the line of the call, with all that explains it',
      inFrame(() => {
        const { client } = host(express().use(json({ id: 'x', tags: ['a', 'c'], extra: 1 })), {
          openapi: { name: 'openapi.json', document: users, undeclared: 'error' },
        });
        const error = thrownBy(function theTestItself() {
          client.get('/users/7', { headers: { 'x-a': '1' } });
        }) as OpenApiError;

        expect(error).to.be.instanceOf(OpenApiError);
        expect([error.code, error.operation, error.status]).to.deep.equal(['LOCKSTEP_OPENAPI', 'GET /users/{id}', 200]);
        expect(error.violations).to.have.deep.members([
          { place: 'body', pointer: '/id', value: 'x', expected: 'integer' },
          { place: 'body', pointer: '/name', value: undefined, expected: 'this property' },
          { place: 'body', pointer: '/tags/1', value: 'c', expected: 'one of "a", "b"' },
          { place: 'body', pointer: '/extra', value: 1, expected: 'no such property' },
        ]);
        expect(error.message)
          .to.match(
            /^GET http:\/\/localhost\/users\/7: the answer 200 OK is not as openapi\.json declares GET \/users\/\{id\}\n/,
          )
          .and.to.include("\n    /id: wanted integer, got 'x'\n")
          .and.to.include('/name: wanted this property, got nothing\n')
          .and.to.include('body: {"id":"x","tags":["a","c"],"extra":1}\n')
          .and.to.include("curl http://localhost/users/7 -H 'x-a: 1' --compressed");
        expect(error.stack).to.include('theTestItself');
      }),
    );

    it('lists ten places and counts the rest', async () => {
      const error = await rejection(
        over(document({ type: 'array', items: { type: 'string' } }), json(Array.from({ length: 13 }, () => 1))).get(
          '/thing',
        ),
      );
      expect((error as OpenApiError).violations).to.have.length(13);
      expect(error.message).to.include('/9: wanted string').and.to.include('and 3 more').and.not.to.include('/10:');
    });

    it('is not looked for where the call says openapi: false', async () => {
      const client = over(users, json({}));
      expect((await client.get('/users/7', { openapi: false })).body).to.deep.equal({});
      const refused = await rejection(client.get('/users/7', { openapi: 0 as never }));
      expect(refused).to.be.instanceOf(RequestError);
      expect(refused.message).to.match(/openapi is 0/);
    });

    it('comes after an error that the app left unhandled', async () => {
      const boom = new Error('boom');
      const { client } = host(
        express().use((_req, _res, next) => next(boom)),
        { openapi: { name: 'openapi.json', document: users, undeclared: 'error' } },
      );
      expect(await rejection(client.async.get('/users/7'))).to.equal(boom);
    });

    it('is found in each redirect', async () => {
      const client = over(
        document({ type: 'string' }),
        (req, res) => void (req.path === '/a' ? res.redirect('/thing') : res.json(1)),
      );
      const error = (await rejection(client.get('/a'))) as OpenApiError;
      expect(error.violations).to.deep.equal([{ place: 'path', pointer: '', value: '/a', expected: 'one of /thing' }]);
    });
  });

  describe('schemas of 3.1', () => {
    const cases: [string, Schema, unknown, string[]][] = [
      ['a type list', { type: ['string', 'null'] }, null, []],
      ['const', { const: 1 }, 2, [': 1']],
      ['false', false, 1, [': nothing']],
      ['prefixItems', { prefixItems: [{ type: 'string' }], items: false }, ['a', 1], [': NOT have more than 1 items']],
      [
        'keywords beside $ref',
        { $ref: '#/components/schemas/Name', maxLength: 2 },
        'abc',
        [': NOT have more than 2 characters'],
      ],
      [
        'unevaluatedProperties',
        { allOf: [{ properties: { a: {} } }], unevaluatedProperties: false },
        { a: 1, b: 2 },
        ['/b: no such property'],
      ],
      [
        'a recursive schema',
        { $ref: '#/components/schemas/Tree' },
        { next: { next: { next: 1 } } },
        ['/next/next/next: object'],
      ],
      ['$defs', { $ref: '#/components/schemas/Local' }, 'x', [': integer']],
      [
        'a pointer with ~1 and %7B',
        { $ref: '#/paths/~1thing~1%7Bid%7D/get/responses/200/content/text~1plain/schema' },
        1,
        [': string'],
      ],
      [
        'the branch of a union that is meant',
        { anyOf: [{ $ref: '#/components/schemas/Tree' }, { type: 'null' }] },
        { next: 1 },
        ['/next: object'],
      ],
      [
        'a union of which no branch fits',
        { oneOf: [{ type: 'integer' }, { type: 'null' }] },
        'x',
        [': integer', ': null', ': a value that fits one schema of oneOf'],
      ],
      [
        'a union of which two branches fit',
        { oneOf: [{}, {}] },
        1,
        [': a value that fits one schema of oneOf, not several'],
      ],
      ['a bound', { minimum: 3 }, 2, [': >= 3']],
      ['a property with a slash in its name', { required: ['a/b'] }, {}, ['/a~1b: this property']],
      ['an unknown keyword', { type: 'integer', example: 'x', 'x-a': 1, discriminator: { propertyName: 'a' } }, 1, []],
    ];
    const more = {
      components: {
        schemas: {
          Name: { type: 'string' },
          Tree: { type: 'object', properties: { next: { $ref: '#/components/schemas/Tree' } } },
          Local: { $ref: '#/components/schemas/Local/$defs/Number', $defs: { Number: { type: 'integer' } } },
        },
      },
    };
    for (const [name, schema, body, expected] of cases) {
      it(name, async () => {
        const openapi = document(schema, '3.1.0', more) as { paths: Record<string, object> };
        openapi.paths['/thing/{id}'] = {
          get: { responses: { 200: { content: { 'text/plain': { schema: { type: 'string' } } } } } },
        };
        expect(await found(openapi, body)).to.deep.equal(expected);
      });
    }
  });

  describe('schemas of 3.0', () => {
    const cases: [string, Schema, unknown, string[]][] = [
      ['nullable', { type: 'string', nullable: true }, null, []],
      ['not nullable', { type: 'string', nullable: false }, null, [': string']],
      ['nullable, neither', { type: 'string', nullable: true }, 1, [': string or null']],
      ['nullable without a type means nothing', { nullable: true, allOf: [{ type: 'string' }] }, null, [': string']],
      ['exclusiveMinimum true', { minimum: 3, exclusiveMinimum: true }, 3, [': > 3']],
      ['exclusiveMinimum false', { minimum: 3, exclusiveMinimum: false }, 3, []],
      ['exclusiveMaximum true', { maximum: 3, exclusiveMaximum: true }, 3, [': < 3']],
      ['nothing counts beside $ref', { $ref: '#/components/schemas/Name', maxLength: 2 }, 'abc', []],
      [
        'nested',
        { properties: { a: { items: { type: 'integer', nullable: true } } } },
        { a: [1, null, 'x'] },
        ['/a/2: integer or null'],
      ],
      [
        'a property called nullable',
        { properties: { nullable: { type: 'boolean' } } },
        { nullable: 1 },
        ['/nullable: boolean'],
      ],
      [
        'a property called schema',
        { properties: { schema: { type: 'string', nullable: true } } },
        { schema: null },
        [],
      ],
      ['an example is no schema', { type: 'object', example: { nullable: true, type: 'string' } }, {}, []],
    ];
    for (const [name, schema, body, expected] of cases) {
      it(name, async () => {
        const more = { components: { schemas: { Name: { type: 'string' } } } };
        expect(await found(document(schema, '3.0.3', more), body)).to.deep.equal(expected);
      });
    }
  });

  for (const version of ['3.0.3', '3.1.0']) {
    describe(`in ${version}`, () => {
      const secret = {
        required: ['name', 'password', 'pin'],
        properties: {
          name: { type: 'string' },
          password: { type: 'string', writeOnly: true },
          pin: { $ref: '#/components/schemas/Pin' },
        },
      };
      const more = { components: { schemas: { Pin: { type: 'string', writeOnly: true } } } };

      it('what is writeOnly is not required in an answer', async () => {
        expect(await found(document(secret, version, more), { name: 'a' })).to.deep.equal([]);
      });

      it('what is writeOnly is not wanted in an answer', async () => {
        expect(await found(document(secret, version, more), { name: 'a', password: 'b', pin: 'c' })).to.deep.equal([
          '/password: nothing: the document has it as writeOnly',
          '/pin: nothing: the document has it as writeOnly',
        ]);
      });

      const formats: [string, unknown, unknown][] = [
        ['date', '2024-02-29', '2023-02-29'],
        ['date-time', '2024-01-31T10:00:00.5+01:00', '2024-01-31 10:00'],
        ['time', '23:59:60Z', '24:00:00Z'],
        ['uuid', '9b2b1f0e-0c4a-4b5e-8c0a-1e7f1d3c9a11', '9b2b1f0e'],
        ['email', 'a@b.test', 'a b@c'],
        ['uri', 'https://a.test/?q=1', '/a'],
        ['ipv4', '10.0.0.1', '10.0.0.256'],
        ['ipv6', '::1', '10.0.0.1'],
        ['int32', 2147483647, 2147483648],
        ['int64', 9007199254740991, 1.5],
      ];
      for (const [format, good, bad] of formats) {
        it(`format ${format}`, async () => {
          const openapi = document({ format }, version);
          expect(await found(openapi, good)).to.deep.equal([]);
          expect(await found(openapi, bad)).to.deep.equal([`: format ${format}`]);
        });
      }

      it('an unknown format says nothing', async () => {
        expect(await found(document({ type: 'string', format: 'password' }, version), 'x')).to.deep.equal([]);
      });
    });
  }

  describe('the operation', () => {
    const answer = (name: string): object => ({
      responses: { 200: { content: { 'application/json': { schema: { const: name } } } } },
    });
    const openapi = {
      openapi: '3.0.3',
      servers: [{ url: 'https://{host}.test/api/{version}/', variables: {} }, { url: '/' }],
      paths: {
        '/users/{id}': { get: answer('by id'), delete: { responses: { 204: { description: 'gone' } } } },
        '/users/me': { get: answer('me') },
        '/files/{name}.{ending}': { get: answer('file') },
        '/grüße/{a b}': { get: answer('greeting') },
        '/own': { servers: [{ url: 'v9' }], get: answer('own') },
        '/ref': { $ref: '#/paths/~1users~1me' },
      },
    };
    const cases: [path: string, expected: string | undefined][] = [
      ['/users/7', 'by id'],
      ['/users/me', 'me'],
      ['/users/m%65', 'me'],
      ['/users/7?a=b', 'by id'],
      ['/api/v1/users/7', 'by id'],
      ['/files/a.b.txt', 'file'],
      ['/gr%C3%BC%C3%9Fe/x%20y', 'greeting'],
      ['/v9/own', 'own'],
      ['/ref', 'me'],
      ['/users/a%2Fb', 'by id'],
      ['/users/%ff', 'by id'],
      ['/own', undefined],
      ['/users/7/', undefined],
      ['/users/', undefined],
      ['/users/7/8', undefined],
      ['/other', undefined],
    ];
    for (const [path, expected] of cases) {
      it(`of ${path}: ${expected ?? 'none'}`, async () => {
        if (expected !== undefined) return void (await over(openapi, json(expected)).get(path));
        const error = (await rejection(over(openapi, json('x')).get(path))) as OpenApiError;
        expect(error).to.be.instanceOf(OpenApiError);
        expect([error.operation, error.violations[0]?.place]).to.deep.equal([undefined, 'path']);
        expect(error.message).to.match(/is not declared in openapi\.json\n.*path: wanted one of .*servers/);
      });
    }

    it('of HEAD is that of GET, without a body', async () => {
      expect((await over(openapi, json('me')).head('/users/me')).status).to.equal(200);
    });

    it('of a method that the path has not', async () => {
      const error = (await rejection(over(openapi, json('x')).post('/users/7'))) as OpenApiError;
      expect(error.violations).to.deep.equal([
        { place: 'method', pointer: '', value: 'POST', expected: 'GET, DELETE for /users/{id}' },
      ]);
    });

    it('that neither app nor document has is no violation', async () => {
      expect((await over(openapi, json({}, 404)).get('/other')).status).to.equal(404);
      expect((await over(openapi, json({}, 405)).post('/users/7')).status).to.equal(405);
      expect((await over(openapi, json({}, 200)).options('/users/7')).status).to.equal(200);
    });

    it('may be undeclared where the config says so', async () => {
      const client = over(openapi, json('x'), 'ignore');
      await client.get('/other');
      await client.post('/users/7');
      await client.delete('/users/7');
      expect(await rejection(client.get('/users/7'))).to.be.instanceOf(OpenApiError);
    });
  });

  describe('the answer', () => {
    const schema = (type: string): object => ({ 'application/json': { schema: { type } } });
    const openapi = {
      openapi: '3.1.0',
      paths: {
        '/thing': {
          get: {
            responses: {
              201: { content: schema('string') },
              '2XX': { content: schema('integer') },
              404: {},
              default: { content: schema('boolean') },
            },
          },
          post: {
            responses: {
              201: { content: { 'text/*': { schema: { maxLength: 2 } }, 'application/json': {} } },
              204: {},
            },
          },
          put: {
            responses: {
              200: {
                headers: {
                  'X-Total': { required: true, schema: { type: 'integer', maximum: 9 } },
                  'X-Tags': { schema: { type: 'array', items: { enum: ['a', 'b'] } } },
                  'X-On': { $ref: '#/components/headers/On' },
                },
              },
            },
          },
        },
      },
      components: { headers: { On: { schema: { type: 'boolean' } } } },
    };
    const statuses: [status: number, good: unknown, bad: unknown][] = [
      [201, 'a', 1],
      [200, 1, 'a'],
      [418, true, 1],
    ];
    for (const [status, good, bad] of statuses) {
      it(`of status ${status} is the most exact one`, async () => {
        await over(openapi, json(good, status)).get('/thing');
        expect(await rejection(over(openapi, json(bad, status)).get('/thing'))).to.be.instanceOf(OpenApiError);
      });
    }

    it('of a status that is not declared', async () => {
      const error = (await rejection(over(openapi, json(1, 409)).post('/thing'))) as OpenApiError;
      expect(error.violations).to.deep.equal([{ place: 'status', pointer: '', value: 409, expected: '201, 204' }]);
      expect(error.message).to.include('status: wanted 201, 204, got 409');
    });

    const types: [name: string, handler: RequestHandler, expected: string[]][] = [
      [
        'a range of types',
        (_req, res) => void res.status(201).type('text/csv').send('abc'),
        ['body : NOT have more than 2 characters'],
      ],
      ['without a schema', (_req, res) => void res.status(201).json({}), []],
      [
        'another type',
        (_req, res) => void res.status(201).type('png').send(Buffer.from('a')),
        ['content-type : text/* or application/json'],
      ],
      [
        'no body where one is declared',
        (_req, res) => void res.status(201).end(),
        ['body : a body of text/* or application/json'],
      ],
      ['no body where none is declared', (_req, res) => void res.status(204).end(), []],
    ];
    for (const [name, handler, expected] of types) {
      it(`with ${name}`, async () => {
        const error = (await over(openapi, handler)
          .post('/thing')
          .then(
            () => undefined,
            (error: unknown) => error,
          )) as OpenApiError | undefined;
        expect(
          (error?.violations ?? []).map((each) => `${each.place} ${each.pointer}: ${each.expected}`),
        ).to.deep.equal(expected);
      });
    }

    it('with a body where none is declared', async () => {
      const error = (await rejection(over(openapi, json({ error: 'x' }, 404)).get('/thing'))) as OpenApiError;
      expect(error.violations[0]).to.deep.include({ place: 'content-type', expected: 'no body' });
    });

    it('with a body that is no JSON', async () => {
      const handler: RequestHandler = (_req, res) => void res.type('json').send('{"a":');
      const error = (await rejection(over(openapi, handler).get('/thing'))) as OpenApiError;
      expect(error.violations[0]?.value).to.equal('{"a":');
      expect(error.message).to.match(/the body: wanted JSON \(/);
    });

    it('with headers', async () => {
      const put = async (headers: Record<string, string>): Promise<string[]> => {
        const error = (await over(openapi, (_req, res) => void res.set(headers).end())
          .put('/thing')
          .then(
            () => undefined,
            (error: unknown) => error,
          )) as OpenApiError | undefined;
        return (error?.violations ?? []).map(({ pointer, expected }) => `${pointer}: ${expected}`);
      };
      expect(await put({ 'x-total': '9', 'x-tags': 'a, b', 'x-on': 'true' })).to.deep.equal([]);
      expect(await put({})).to.deep.equal(['X-Total: this header']);
      expect(await put({ 'x-total': 'many', 'x-tags': 'a,c', 'x-on': 'yes' })).to.deep.equal([
        'X-Total: integer',
        'X-Tags/1: one of "a", "b"',
        'X-On: boolean',
      ]);
    });
  });

  it('without ajv says what to install', () => {
    const error = thrownBy(() => loadAjv('openapi.json', [createRequire('/no/such/folder/package.json')]));
    expect(error).to.be.instanceOf(PeerMissingError);
    expect(error.message).to.match(/needs the package "ajv" 8[\s\S]*openapi\.json[\s\S]*npm install --save-dev ajv@8/);
  });

  describe('the document', () => {
    it('may come from a function, which is called once, when the app has started', async () => {
      const calls: string[] = [];
      const app = async (): Promise<unknown> => {
        await Promise.resolve();
        calls.push('app');
        return express().use(json(1));
      };
      const openapi = (): Promise<object> => {
        calls.push('document');
        return Promise.resolve(document({ type: 'string' }));
      };
      const { client } = host(app, { openapi: { name: 'openapi.json', document: openapi, undeclared: 'error' } });
      expect(await rejection(client.async.get('/thing'))).to.be.instanceOf(OpenApiError);
      expect(await rejection(client.async.get('/thing'))).to.be.instanceOf(OpenApiError);
      expect(calls).to.deep.equal(['app', 'document']);
    });

    it('stays as it is', async () => {
      const openapi = document({ type: 'string', nullable: true, minimum: 1, exclusiveMinimum: true }, '3.0.0');
      const before = JSON.stringify(openapi);
      await over(openapi, json('a')).get('/thing');
      expect(JSON.stringify(openapi)).to.equal(before);
    });

    const circle: Record<string, unknown> = { type: 'object' };
    circle['properties'] = { self: circle };
    const wrong: [name: string, document: unknown, RegExp][] = [
      ['nothing', () => undefined, /openapi\.json: the document is undefined/],
      ['a list', [], /the document is an array/],
      ['of OpenAPI 2', { swagger: '2.0' }, /is of Swagger "2\.0"\.[\s\S]*swagger2openapi/],
      ['of no version', { paths: {} }, /openapi is undefined\.[\s\S]*begins with openapi: '3\.1\.0'/],
      ['of another version', { openapi: '4.0.0' }, /openapi is "4\.0\.0"/],
      ['with paths that are no object', { openapi: '3.1.0', paths: 1 }, /paths is 1/],
      ['that contains itself', document(circle), /is no JSON: Converting circular[\s\S]*references \(\$ref\)/],
      [
        'with a schema in another file',
        document({ $ref: './user.json#/User' }),
        /refers to "user\.json#\/User"[\s\S]*bundle/,
      ],
      [
        'with a schema that is not there',
        document({ $ref: '#/components/schemas/None' }),
        /#\/components\/schemas\/None/,
      ],
      ['with a schema that is none', document({ type: 'strng' }), /schema cannot be used: .*strng/],
      [
        'with an answer that is not there',
        {
          openapi: '3.1.0',
          paths: { '/thing': { get: { responses: { 200: { $ref: '#/components/responses/X' } } } } },
        },
        /the reference at #\/paths\/~1thing\/get\/responses\/200 to #\/components\/responses\/X leads nowhere/,
      ],
      [
        'with an answer in another file',
        { openapi: '3.1.0', paths: { '/thing': { get: { responses: { 200: { $ref: 'x.json' } } } } } },
        /refers to "x\.json"/,
      ],
      [
        'with references in a circle',
        { openapi: '3.1.0', paths: { '/thing': { $ref: '#/paths/~1b' }, '/b': { $ref: '#/paths/~1thing' } } },
        /goes in a circle/,
      ],
    ];
    for (const [name, openapi, message] of wrong) {
      it(`${name} is refused by name`, async () => {
        const error = await rejection(over(openapi, json({})).get('/thing'));
        expect(error).to.be.instanceOf(ConfigError);
        expect(error.message).to.match(message);
      });
    }

    it('that cannot be used stops the app that was started for it', async () => {
      const events: string[] = [];
      const lifespan = { start: () => void events.push('start'), stop: () => void events.push('stop') };
      const app = (): object => ({ app: express().use(json({})), lifespan });
      const made = host(app, { openapi: { name: 'openapi.json', document: {}, undeclared: 'error' } });
      expect(await rejection(made.start())).to.be.instanceOf(ConfigError);
      expect(events).to.deep.equal(['start', 'stop']);
    });
  });
});
