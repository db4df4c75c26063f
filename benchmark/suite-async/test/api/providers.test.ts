import { expect } from 'chai';
import request from 'supertest';
import { app, count, find } from '#twin';
import { aConnection, aProvider, headers } from '../fixtures.js';

describe('POST /providers', () => {
  it('creates a provider', async () => {
    const res = await request(app).post('/api/v1/providers').set(headers).send({ name: 'Acme Bank', country: 'FR' });

    expect(res.status).to.equal(201);
    expect(res.headers.location).to.equal(`/api/v1/providers/${res.body.id}`);
    expect(await find('providers', { id: res.body.id }, ['name', 'status'])).to.deep.equal({
      name: 'Acme Bank',
      status: 'active',
    });
  });

  it('answers 409 when the name is taken', async () => {
    await aProvider({ name: 'Acme Bank' });

    const res = await request(app).post('/api/v1/providers').set(headers).send({ name: 'Acme Bank', country: 'DE' });

    expect(res.status).to.equal(409);
    expect(await count('providers')).to.equal(1);
  });

  it('answers 422 and names every field that is wrong', async () => {
    const res = await request(app).post('/api/v1/providers').set(headers).send({ name: ' ', country: 'France' });

    expect(res.status).to.equal(422);
    expect(res.body.error.fields).to.have.all.keys('name', 'country');
  });
});

describe('GET /providers', () => {
  it('lists the first page by name', async () => {
    for (const name of ['Cash Bank', 'Acme Bank', 'Best Bank']) await aProvider({ name });

    const res = await request(app).get('/api/v1/providers').set(headers).query({ perPage: 2 });

    expect(res.body.items.map(({ name }: { name: string }) => name)).to.deep.equal(['Acme Bank', 'Best Bank']);
    expect(res.body).to.include({ page: 1, perPage: 2, total: 3 });
  });

  it('lists what is left on the last page', async () => {
    for (const name of ['Cash Bank', 'Acme Bank', 'Best Bank']) await aProvider({ name });

    const res = await request(app).get('/api/v1/providers').set(headers).query({ page: 2, perPage: 2 });

    expect(res.body.items.map(({ name }: { name: string }) => name)).to.deep.equal(['Cash Bank']);
  });

  it('filters by country', async () => {
    await aProvider({ name: 'Acme Bank', country: 'FR' });
    await aProvider({ name: 'Best Bank', country: 'DE' });

    const res = await request(app).get('/api/v1/providers').set(headers).query({ country: 'DE' });

    expect(res.body.total).to.equal(1);
    expect(res.body.items[0].name).to.equal('Best Bank');
  });
});

describe('GET /providers/:id', () => {
  it('shows a provider', async () => {
    const { id } = await aProvider({ name: 'Acme Bank' });

    const res = await request(app).get(`/api/v1/providers/${id}`).set(headers);

    expect(res.status).to.equal(200);
    expect(res.body).to.include({ id, name: 'Acme Bank', slug: 'acme-bank', country: 'FR' });
  });

  it('answers 404 when there is none', async () => {
    const res = await request(app).get('/api/v1/providers/999').set(headers);

    expect(res.status).to.equal(404);
    expect(res.body.error.message).to.equal('There is no provider 999.');
  });
});

describe('PATCH /providers/:id', () => {
  it('changes what is named and keeps the rest', async () => {
    const { id } = await aProvider({ name: 'Acme Bank' });

    const res = await request(app).patch(`/api/v1/providers/${id}`).set(headers).send({ status: 'suspended' });

    expect(res.status).to.equal(200);
    expect(await find('providers', { id }, ['name', 'status'])).to.deep.equal({
      name: 'Acme Bank',
      status: 'suspended',
    });
  });

  it('answers 409 when the new name is taken', async () => {
    await aProvider({ name: 'Acme Bank' });
    const { id } = await aProvider({ name: 'Best Bank' });

    const res = await request(app).patch(`/api/v1/providers/${id}`).set(headers).send({ name: 'Acme Bank' });

    expect(res.status).to.equal(409);
    expect(await count('providers', { name: 'Best Bank' })).to.equal(1);
  });
});

describe('DELETE /providers/:id', () => {
  it('deletes a provider', async () => {
    const { id } = await aProvider();

    expect((await request(app).delete(`/api/v1/providers/${id}`).set(headers)).status).to.equal(204);
    expect(await count('providers')).to.equal(0);
  });

  it('answers 409 while accounts are connected', async () => {
    const { provider_id } = await aConnection();

    expect((await request(app).delete(`/api/v1/providers/${provider_id}`).set(headers)).status).to.equal(409);
    expect(await count('providers')).to.equal(1);
  });
});
