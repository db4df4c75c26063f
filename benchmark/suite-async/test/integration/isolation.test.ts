import { expect } from 'chai';
import * as providers from '#app/services/providers.js';
import { count } from '#twin';

describe('Every test', () => {
  // Whichever of the two runs second would find the first one's provider, had anything of it stayed.
  for (const order of ['first', 'second']) {
    it(`has the database for itself, the ${order} time too`, async () => {
      expect(await count('providers')).to.equal(0);

      await providers.create({ name: 'Acme Bank', country: 'FR' });

      expect(await count('providers')).to.equal(1);
    });
  }
});
