import { expect } from 'chai';
import * as providers from '#app/services/providers.js';
import { count, find } from '#twin';
import { aProvider, failure } from '../fixtures.js';

describe('Providers service', () => {
  it('commits a new provider', async () => {
    const { id } = await providers.create({ name: 'Acme Bank', country: 'FR' });

    expect(await find('providers', { id }, ['name', 'slug'])).to.deep.equal({
      name: 'Acme Bank',
      slug: 'acme-bank',
    });
  });

  it('refuses a name that is taken, and works on', async () => {
    await aProvider({ name: 'Acme Bank' });

    expect(await failure(providers.create({ name: 'Acme Bank', country: 'DE' }))).to.include('exists already');

    await providers.create({ name: 'Best Bank', country: 'DE' });
    expect(await count('providers')).to.equal(2);
  });

  it('imports a list in one transaction', async () => {
    const imported = await providers.createAll([
      { name: 'Acme Bank', country: 'FR' },
      { name: 'Best Bank', country: 'DE' },
    ]);

    expect(imported.map(({ slug }) => slug)).to.deep.equal(['acme-bank', 'best-bank']);
    expect(await count('providers')).to.equal(2);
  });

  it('imports nothing when one name of the list is taken', async () => {
    await aProvider({ name: 'Best Bank' });

    expect(
      await failure(
        providers.createAll([
          { name: 'Acme Bank', country: 'FR' },
          { name: 'Best Bank', country: 'DE' },
        ]),
      ),
    ).to.include('exists already');

    expect(await count('providers', { name: 'Acme Bank' })).to.equal(0);
    expect(await count('providers', { name: 'Best Bank' })).to.equal(1);
  });
});
