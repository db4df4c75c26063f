import { expect } from 'chai';
import { Provider, slugify } from '#app/models/provider.js';

describe('Provider', () => {
  const provider = new Provider({
    id: 7,
    name: 'Crédit Agricole S.A.',
    slug: 'credit-agricole-s-a',
    country: 'FR',
    status: 'active',
    created_at: '2026-01-31T12:00:00.000Z',
  });

  it('makes a slug of a name', () => {
    expect(slugify('Crédit Agricole S.A.')).to.equal('credit-agricole-s-a');
  });

  it('reads its row', () => {
    expect(provider.name).to.equal('Crédit Agricole S.A.');
    expect(provider.createdAt).to.deep.equal(new Date('2026-01-31T12:00:00Z'));
  });

  it('shows itself as the JSON of the API', () => {
    expect(JSON.parse(JSON.stringify(provider))).to.deep.equal({
      id: 7,
      name: 'Crédit Agricole S.A.',
      slug: 'credit-agricole-s-a',
      country: 'FR',
      status: 'active',
      createdAt: '2026-01-31T12:00:00.000Z',
    });
  });
});
