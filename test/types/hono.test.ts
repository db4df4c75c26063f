import { expectTypeOf } from 'expect-type';
import { Hono } from 'hono';
import { validator } from 'hono/validator';
import type { Client, Response } from '#src/http/index.js';
import { typed } from '#src/http/typed/hono.js';

const app = new Hono()
  .get('/users', (c) => c.json([{ id: 1, name: 'ann' }]))
  .get('/users/:id', (c) => c.json({ id: 1, name: c.req.param('id') }))
  .post(
    '/users',
    validator('json', (value) => value as { name: string }),
    (c) => c.json({ id: 2, ...c.req.valid('json') }, 201),
  );

describe('types of lockstep/hono', () => {
  it('are those of the routes', () => {
    // Not called: types only.
    const check = (client: Client): void => {
      const api = typed<typeof app>(client);
      expectTypeOf(api.get('/users')).toEqualTypeOf<Response<{ id: number; name: string }[]>>();
      expectTypeOf(api.get('/users/:id', { param: { id: '1' } }).body.name).toEqualTypeOf<string>();
      expectTypeOf(api.post('/users', { json: { name: 'bob' } }).body).toEqualTypeOf<{ name: string; id: number }>();
      expectTypeOf(typed<typeof app>(client.async).get('/users')).resolves.toHaveProperty('body');
      // @ts-expect-error no such path
      api.get('/user');
      // @ts-expect-error no such method on this path
      api.post('/users/:id', { param: { id: '1' } });
      // @ts-expect-error the parameter is missing
      api.get('/users/:id');
      // @ts-expect-error the body is not what the validator wants
      api.post('/users', { json: { title: 'x' } });
    };
    void [check, app];
  });
});
