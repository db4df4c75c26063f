import { expect } from 'chai';
import { seal } from '#app/crypto.js';
import { Token } from '#app/models/token.js';

describe('Token', () => {
  const token = new Token({
    id: 1,
    connection_id: 7,
    version: 1,
    access_token: seal('access_secret', 'connection/7/access'),
    refresh_token: seal('refresh_secret', 'connection/7/refresh'),
    expires_at: '2026-01-31T12:00:00.000Z',
    replaced_at: null,
    created_at: '2026-01-31T11:00:00.000Z',
  });

  it('opens its secrets when they are read and shows them nowhere else', () => {
    expect(token.accessToken).to.equal('access_secret');
    expect(token.refreshToken).to.equal('refresh_secret');
    expect(JSON.stringify(token)).not.to.include('secret');
  });

  it('expires at its very moment', () => {
    expect(token.isExpired(new Date('2026-01-31T11:59:59.999Z'))).to.be.false;
    expect(token.isExpired(new Date('2026-01-31T12:00:00.000Z'))).to.be.true;
  });

  it('asks for renewal a minute before it expires', () => {
    expect(token.needsRenewal(new Date('2026-01-31T11:58:59.999Z'))).to.be.false;
    expect(token.needsRenewal(new Date('2026-01-31T11:59:00.000Z'))).to.be.true;
  });
});
