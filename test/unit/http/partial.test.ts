import { expect } from 'chai';
import { differences } from '#src/http/response/partial.js';

describe('http/response/partial', () => {
  const same: [name: string, wanted: unknown, got: unknown][] = [
    ['equal values', 1, 1],
    ['fewer properties', { a: 1 }, { a: 1, b: 2 }],
    ['nested ones', { a: { b: [{ c: 1 }] } }, { a: { b: [{ c: 1, d: 2 }], e: 3 } }],
    ['an empty object', {}, { a: 1 }],
    ['a pattern', { id: /^\d+$/ }, { id: '12' }],
    ['a date as it is sent', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    ['null', { a: null }, { a: null }],
    ['undefined for what is not there', { a: undefined }, {}],
  ];
  for (const [name, wanted, got] of same) {
    it(`${name} match`, () => expect(differences(wanted, got)).to.deep.equal([]));
  }

  const different: [name: string, wanted: unknown, got: unknown, paths: string[]][] = [
    ['another value', { a: 1 }, { a: 2 }, ['a']],
    ['another type', { a: 1 }, { a: '1' }, ['a']],
    ['a missing property', { a: { b: 1 } }, { a: {} }, ['a.b']],
    ['a property of the prototype', { toString: 1 }, {}, ['toString']],
    ['a shorter array', [1, 2], [1], ['[1]']],
    ['a longer array', { a: [1] }, { a: [1, 2] }, ['a.length']],
    ['an array for an object', { a: 1 }, [1], ['']],
    ['an object for an array', [1], { 0: 1 }, ['']],
    ['a pattern that does not match', /x/, 'y', ['']],
    ['a pattern for a number', /1/, 1, ['']],
    ['several', { a: 1, 'b c': { d: 2 } }, { a: 0, 'b c': { d: 0 } }, ['a', '["b c"].d']],
    ['elements', [{ a: 1 }, { a: 2 }], [{ a: 1 }, { a: 3 }], ['[1].a']],
  ];
  for (const [name, wanted, got, paths] of different) {
    it(`${name} differ at ${paths.join(', ') || 'the top'}`, () => {
      expect(differences(wanted, got).map(({ path }) => path)).to.deep.equal(paths);
    });
  }
});
