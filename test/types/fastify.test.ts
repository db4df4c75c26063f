import { expectTypeOf } from 'expect-type';
import fastify from 'fastify';

describe('types of Fastify', () => {
  it('know no routes, as docs/client.md says', () => {
    const a = fastify().get('/a', () => ({ a: 1 }));
    const b = fastify().post('/b', () => 'b');
    expectTypeOf(a).toEqualTypeOf(b);
  });
});
