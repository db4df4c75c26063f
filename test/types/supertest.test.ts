import { expectTypeOf } from 'expect-type';
import express from 'express';
import fastify from 'fastify';
import type { RequestListener } from 'node:http';
import request, { agent, request as named, type Response, type Test } from 'lockstep/supertest';
import type supertest from 'supertest';

interface Provider {
  id: number;
  name: string;
}

// Never called: the types are what is tested.
function written(): void {
  const app = express();

  expectTypeOf(request(app).get<Provider>('/').body).toEqualTypeOf<Provider>();
  expectTypeOf(request(app).get<Provider[]>('/').set('A', 'b').expect(200).body).toEqualTypeOf<Provider[]>();
  expectTypeOf(request(app).post('/').body).toBeAny();
  expectTypeOf(request(app).get('/').status).toEqualTypeOf<number>();
  expectTypeOf(request(app).get('/').text).toEqualTypeOf<string>();
  expectTypeOf(request(app).get('/').get('Set-Cookie')).toEqualTypeOf<string[] | undefined>();
  expectTypeOf(agent(app).get<Provider>('/').response).toEqualTypeOf<Response<Provider>>();
  expectTypeOf(named).toEqualTypeOf(request);

  // The names that the request and its answer share.
  expectTypeOf(request(app).get('/').ok).toExtend<boolean>();
  expectTypeOf(request(app).get('/').type).toExtend<string>();
  expectTypeOf(request(app).get<Provider>('/').type('json').ok((response) => response.status < 500)).toEqualTypeOf<Test<Provider>>(); // prettier-ignore

  request(app)
    .get<Provider>('/')
    .expect((response) => expectTypeOf(response.body).toEqualTypeOf<Provider>())
    .expect(async (response) => {
      await Promise.resolve(response.body.name);
    })
    .expect([200, 201])
    .expect(200, { id: 1, name: 'Erste' })
    .expect('Content-Type', /json/)
    .expect('Content-Length', 10, (_error, response) => expectTypeOf(response.body).toEqualTypeOf<Provider>())
    .end((_error, response) => expectTypeOf(response.body.id).toEqualTypeOf<number>());

  // @ts-expect-error -- a typo
  request(app).get<Provider>('/').body.nam;
  // @ts-expect-error -- an answer is read only
  request(app).get('/').status = 200;
  // @ts-expect-error -- no app
  request(1);
  // @ts-expect-error -- no such option value
  request(app, { raiseServerErrors: 'always' });

  request(fastify());
  request((async () => {}) as RequestListener);
  request('http://localhost:3000');
  new request.agent(app).host('a.test').set('a', 'b').get('/');
}

async function awaited(): Promise<void> {
  const response = await request('').get<Provider>('/').expect(200);
  expectTypeOf(response).toEqualTypeOf<Response<Provider>>();
  expectTypeOf(response.body).toEqualTypeOf<Provider>();
}

/** Type names of @types/supertest that suites are written with. */
type Kept = [request.Agent, request.Test, request.Response, request.SuperTest];

// What takes the place of the original has to be callable as the original is.
expectTypeOf<Parameters<typeof supertest>[0]>().toExtend<Parameters<typeof request>[0] | undefined>();

describe('the types of lockstep/supertest', () => {
  it('are checked by the compiler', () => {
    expectTypeOf<Kept[2]>().toEqualTypeOf<Response>();
    void [written, awaited];
  });
});
