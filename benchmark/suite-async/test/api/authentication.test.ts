import { expect } from 'chai';
import request from 'supertest';
import { app, count } from '#twin';

describe('Authentication', () => {
  it('asks for an API key', async () => {
    const res = await request(app).get('/api/v1/providers');

    expect(res.status).to.equal(401);
    expect(res.body.error.code).to.equal('unauthorized');
  });

  it('refuses an unknown API key before anything happens', async () => {
    const res = await request(app)
      .post('/api/v1/providers')
      .set({ authorization: 'Bearer stolen' })
      .send({ name: 'Acme Bank', country: 'FR' });

    expect(res.status).to.equal(401);
    expect(await count('providers')).to.equal(0);
  });
});
