import { expect } from 'chai';
import { open, seal } from '#app/crypto.js';

describe('Token encryption', () => {
  it('opens what it has sealed', () => {
    expect(open(seal('sésame', 'connection/1'), 'connection/1')).to.equal('sésame');
  });

  it('never seals a secret the same way twice', () => {
    expect(seal('sésame', 'connection/1')).not.to.equal(seal('sésame', 'connection/1'));
  });

  it('refuses the secret of another owner', () => {
    const sealed = seal('sésame', 'connection/1');

    expect(() => open(sealed, 'connection/2')).to.throw('unable to authenticate data');
  });
});
