import { expect } from 'chai';
import { Hono } from 'hono';
import { validator } from 'hono/validator';
import { RequestError } from '#src/errors.js';
import { typed } from '#src/http/typed/hono.js';
import { host, stopAll } from './frameworks.js';

const app = new Hono()
  .get('/users/:id', (c) => c.json({ id: c.req.param('id'), q: c.req.query('q') ?? null }))
  .post(
    '/users',
    validator('json', (value) => value as { name: string }),
    (c) => c.json(c.req.valid('json'), 201),
  );

describe('lockstep/hono', () => {
  afterEach(stopAll);

  it('sends what the route declares', async () => {
    const api = typed<typeof app>(host(app).client.async);
    const res = await api.get('/users/:id', { param: { id: 'a/b' }, headers: { 'x-a': '1' } });
    expect(res.body).to.deep.equal({ id: 'a/b', q: null });
    expect((await api.post('/users', { json: { name: 'ann' } })).expect(201).body.name).to.equal('ann');
    expect(() => typed<typeof app>(host(app).client).get('/users/:id', {} as never)).to.throw(
      RequestError,
      /parameter id is missing/,
    );
  });
});
