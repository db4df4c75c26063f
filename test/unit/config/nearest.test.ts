import { expect } from 'chai';

import { nearest } from '#src/config/nearest.js';

describe('nearest', () => {
  const keys = ['engine', 'file', 'env', 'swap', 'schema', 'seed', 'drain'];
  const cases: [string, string | undefined][] = [
    ['enigne', 'engine'],
    ['schemas', 'schema'],
    ['Seed', 'seed'],
    ['filename', 'file'],
    ['environment', 'env'],
    ['drian', 'drain'],
    ['password', undefined],
    ['x', undefined],
    ['', undefined],
  ];
  for (const [word, wanted] of cases) {
    it(`${word} → ${wanted}`, () => expect(nearest(word, keys)).to.equal(wanted));
  }

  it('takes the one that is nearest', () => expect(nearest('sed', ['send', 'seed', 'sed1', 'Sed'])).to.equal('Sed'));
  it('takes a short form', () => expect(nearest('db', ['app', 'database', 'debug'])).to.equal('database'));
  it('finds nothing among nothing', () => expect(nearest('a', [])).to.equal(undefined));
});
