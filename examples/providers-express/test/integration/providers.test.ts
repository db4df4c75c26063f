import { expect } from 'chai';
import { session, sql, sync } from 'lockstep';
import * as providers from '#app/services/providers.js';
import { aProvider } from '../fixtures.js';

describe('Providers service', () => {
  it('commits a new provider', () => {
    const { id } = sync(providers.create({ name: 'Acme Bank', country: 'FR' }));

    expect(session.get(sql`select name, slug from providers where id = ${id}`)).to.deep.equal({
      name: 'Acme Bank',
      slug: 'acme-bank',
    });
  });

  it('refuses a name that is taken, and works on', () => {
    aProvider({ name: 'Acme Bank' });

    expect(() => sync(providers.create({ name: 'Acme Bank', country: 'DE' }))).to.throw('exists already');

    sync(providers.create({ name: 'Best Bank', country: 'DE' }));
    expect(session.count('providers')).to.equal(2);
  });

  it('imports a list in one transaction', () => {
    const imported = sync(
      providers.createAll([
        { name: 'Acme Bank', country: 'FR' },
        { name: 'Best Bank', country: 'DE' },
      ]),
    );

    expect(imported.map(({ slug }) => slug)).to.deep.equal(['acme-bank', 'best-bank']);
    expect(session.count('providers')).to.equal(2);
  });

  it('imports nothing when one name of the list is taken', () => {
    aProvider({ name: 'Best Bank' });

    expect(() =>
      sync(
        providers.createAll([
          { name: 'Acme Bank', country: 'FR' },
          { name: 'Best Bank', country: 'DE' },
        ]),
      ),
    ).to.throw('exists already');

    expect(session.count('providers', { name: 'Acme Bank' })).to.equal(0);
    expect(session.count('providers', { name: 'Best Bank' })).to.equal(1);
  });
});
