import { expect } from 'chai';
import request from 'supertest';
import { app, count, find } from '#twin';
import { aConnection, anActiveConnection, aProvider, headers } from '../fixtures.js';

describe('POST /providers/:id/connect', () => {
  it('sends the owner to the provider with a state of its own', async () => {
    const provider = await aProvider({ name: 'Acme Bank' });

    const res = await request(app)
      .post(`/api/v1/providers/${provider.id}/connect`)
      .set(headers)
      .send({ accountRef: 'acme-7' });

    expect(res.status).to.equal(201);
    expect(res.body.connection).to.include({ status: 'pending', accountRef: 'acme-7' });
    const stored = await find<{ state: string }>('connections', { id: res.body.connection.id }, ['state']);
    expect(res.body.authorizationUrl).to.equal(`https://acme-bank.example/authorize?state=${stored?.state}`);
  });
});

describe('GET /callback', () => {
  it('puts the connection in force', async () => {
    const { id } = await aConnection({ state: 'xyz' });

    const res = await request(app).get('/api/v1/callback').query({ state: 'xyz', code: 'code' });

    expect(res.body).to.include({ id, status: 'active' });
    expect(await count('tokens', { connection_id: id, version: 1 })).to.equal(1);
  });

  it('answers 404 to a state that nobody waits for', async () => {
    const res = await request(app).get('/api/v1/callback').query({ state: 'guessed', code: 'code' });

    expect(res.status).to.equal(404);
  });
});

describe('POST /connections/:id/refresh', () => {
  it('rotates the tokens', async () => {
    const { id } = await anActiveConnection();

    const res = await request(app).post(`/api/v1/connections/${id}/refresh`).set(headers);

    expect(res.status).to.equal(200);
    expect(res.body.version).to.equal(2);
    expect(await count('tokens', { connection_id: id, replaced_at: null })).to.equal(1);
  });
});

describe('POST /connections/:id/disconnect', () => {
  it('ends the connection and the force of its token', async () => {
    const { id } = await anActiveConnection();

    const res = await request(app).post(`/api/v1/connections/${id}/disconnect`).set(headers);

    expect(res.body.status).to.equal('disconnected');
    expect(await count('tokens', { connection_id: id, replaced_at: null })).to.equal(0);
  });
});
