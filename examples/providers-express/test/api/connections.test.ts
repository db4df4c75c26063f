import { expect } from 'chai';
import { client, session, sql } from 'lockstep';
import { aConnection, anActiveConnection, aProvider, headers } from '../fixtures.js';

describe('POST /providers/:id/connect', () => {
  it('sends the owner to the provider with a state of its own', () => {
    const provider = aProvider({ name: 'Acme Bank' });

    const res = client.post(`/api/v1/providers/${provider.id}/connect`, { headers, json: { accountRef: 'acme-7' } });

    expect(res.status).to.equal(201);
    expect(res.body.connection).to.include({ status: 'pending', accountRef: 'acme-7' });
    const stored = session.get<{ state: string }>(
      sql`select state from connections where id = ${res.body.connection.id}`,
    );
    expect(res.body.authorizationUrl).to.equal(`https://acme-bank.example/authorize?state=${stored?.state}`);
  });
});

describe('GET /callback', () => {
  it('puts the connection in force', () => {
    const { id } = aConnection({ state: 'xyz' });

    const res = client.get('/api/v1/callback', { params: { state: 'xyz', code: 'code' } });

    expect(res.body).to.include({ id, status: 'active' });
    expect(session.count('tokens', { connection_id: id, version: 1 })).to.equal(1);
  });

  it('answers 404 to a state that nobody waits for', () => {
    const res = client.get('/api/v1/callback', { params: { state: 'guessed', code: 'code' } });

    expect(res.status).to.equal(404);
  });
});

describe('POST /connections/:id/refresh', () => {
  it('rotates the tokens', () => {
    const { id } = anActiveConnection();

    const res = client.post(`/api/v1/connections/${id}/refresh`, { headers });

    expect(res.status).to.equal(200);
    expect(res.body.version).to.equal(2);
    expect(session.count('tokens', { connection_id: id, replaced_at: null })).to.equal(1);
  });
});

describe('POST /connections/:id/disconnect', () => {
  it('ends the connection and the force of its token', () => {
    const { id } = anActiveConnection();

    const res = client.post(`/api/v1/connections/${id}/disconnect`, { headers });

    expect(res.body.status).to.equal('disconnected');
    expect(session.count('tokens', { connection_id: id, replaced_at: null })).to.equal(0);
  });
});
