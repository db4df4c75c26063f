import { expect } from 'chai';
import { client, session } from 'lockstep';

describe('Authentication', () => {
  it('asks for an API key', () => {
    const res = client.get('/api/v1/providers');

    expect(res.status).to.equal(401);
    expect(res.body.error.code).to.equal('unauthorized');
  });

  it('refuses an unknown API key before anything happens', () => {
    const res = client.post('/api/v1/providers', {
      headers: { authorization: 'Bearer stolen' },
      json: { name: 'Acme Bank', country: 'FR' },
    });

    expect(res.status).to.equal(401);
    expect(session.count('providers')).to.equal(0);
  });
});
