import { expect } from 'chai';
import { session, sync } from 'lockstep';
import * as providers from '#app/services/providers.js';

describe('Every test', () => {
  // Whichever of the two runs second would find the first one's provider, had anything of it stayed.
  for (const order of ['first', 'second']) {
    it(`has the database for itself, the ${order} time too`, () => {
      expect(session.count('providers')).to.equal(0);

      sync(providers.create({ name: 'Acme Bank', country: 'FR' }));

      expect(session.count('providers')).to.equal(1);
    });
  }
});
