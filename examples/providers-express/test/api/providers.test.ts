import { expect } from 'chai';
import { client, session, sql } from 'lockstep';
import { aConnection, aProvider, headers } from '../fixtures.js';

describe('POST /providers', () => {
  it('creates a provider', () => {
    const res = client.post('/api/v1/providers', { headers, json: { name: 'Acme Bank', country: 'FR' } });

    expect(res.status).to.equal(201);
    expect(res.headers.location).to.equal(`/api/v1/providers/${res.body.id}`);
    expect(session.get(sql`select name, status from providers where id = ${res.body.id}`)).to.deep.equal({
      name: 'Acme Bank',
      status: 'active',
    });
  });

  it('answers 409 when the name is taken', () => {
    aProvider({ name: 'Acme Bank' });

    const res = client.post('/api/v1/providers', { headers, json: { name: 'Acme Bank', country: 'DE' } });

    expect(res.status).to.equal(409);
    expect(session.count('providers')).to.equal(1);
  });

  it('answers 422 and names every field that is wrong', () => {
    const res = client.post('/api/v1/providers', { headers, json: { name: ' ', country: 'France' } });

    expect(res.status).to.equal(422);
    expect(res.body.error.fields).to.have.all.keys('name', 'country');
  });
});

describe('GET /providers', () => {
  it('lists the first page by name', () => {
    for (const name of ['Cash Bank', 'Acme Bank', 'Best Bank']) aProvider({ name });

    const res = client.get('/api/v1/providers', { headers, params: { perPage: 2 } });

    expect(res.body.items.map(({ name }: { name: string }) => name)).to.deep.equal(['Acme Bank', 'Best Bank']);
    expect(res.body).to.include({ page: 1, perPage: 2, total: 3 });
  });

  it('lists what is left on the last page', () => {
    for (const name of ['Cash Bank', 'Acme Bank', 'Best Bank']) aProvider({ name });

    const res = client.get('/api/v1/providers', { headers, params: { page: 2, perPage: 2 } });

    expect(res.body.items.map(({ name }: { name: string }) => name)).to.deep.equal(['Cash Bank']);
  });

  it('filters by country', () => {
    aProvider({ name: 'Acme Bank', country: 'FR' });
    aProvider({ name: 'Best Bank', country: 'DE' });

    const res = client.get('/api/v1/providers', { headers, params: { country: 'DE' } });

    expect(res.body.total).to.equal(1);
    expect(res.body.items[0].name).to.equal('Best Bank');
  });
});

describe('GET /providers/:id', () => {
  it('shows a provider', () => {
    const { id } = aProvider({ name: 'Acme Bank' });

    const res = client.get(`/api/v1/providers/${id}`, { headers });

    expect(res.status).to.equal(200);
    expect(res.body).to.include({ id, name: 'Acme Bank', slug: 'acme-bank', country: 'FR' });
  });

  it('answers 404 when there is none', () => {
    const res = client.get('/api/v1/providers/999', { headers });

    expect(res.status).to.equal(404);
    expect(res.body.error.message).to.equal('There is no provider 999.');
  });
});

describe('PATCH /providers/:id', () => {
  it('changes what is named and keeps the rest', () => {
    const { id } = aProvider({ name: 'Acme Bank' });

    const res = client.patch(`/api/v1/providers/${id}`, { headers, json: { status: 'suspended' } });

    expect(res.status).to.equal(200);
    expect(session.get(sql`select name, status from providers where id = ${id}`)).to.deep.equal({
      name: 'Acme Bank',
      status: 'suspended',
    });
  });

  it('answers 409 when the new name is taken', () => {
    aProvider({ name: 'Acme Bank' });
    const { id } = aProvider({ name: 'Best Bank' });

    const res = client.patch(`/api/v1/providers/${id}`, { headers, json: { name: 'Acme Bank' } });

    expect(res.status).to.equal(409);
    expect(session.count('providers', { name: 'Best Bank' })).to.equal(1);
  });
});

describe('DELETE /providers/:id', () => {
  it('deletes a provider', () => {
    const { id } = aProvider();

    expect(client.delete(`/api/v1/providers/${id}`, { headers }).status).to.equal(204);
    expect(session.count('providers')).to.equal(0);
  });

  it('answers 409 while accounts are connected', () => {
    const { provider_id } = aConnection();

    expect(client.delete(`/api/v1/providers/${provider_id}`, { headers }).status).to.equal(409);
    expect(session.count('providers')).to.equal(1);
  });
});
