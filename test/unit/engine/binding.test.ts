import { expect } from 'chai';
import { bindValues } from '#src/engine/sqlite/binding.js';
import { SessionUsageError } from '#src/errors.js';

describe('bindValues', () => {
  const misuse: readonly (readonly [string, string, never, RegExp])[] = [
    ['too few values', 'SELECT ?, ?', [1] as never, /2 placeholders, but 1 value came/],
    ['too many values', 'SELECT 1', [1] as never, /no placeholders, but 1 value came/],
    ['no values', 'SELECT ?', undefined as never, /1 placeholder, but no values came/],
    ['undefined', 'SELECT ?', [undefined] as never, /Parameter number 1 .* is undefined.*spelling/s],
    ['a date', 'SELECT :at', { at: new Date() } as never, /Parameter :at .* an object \(Date\).*toISOString/s],
    ['an object', 'SELECT ?', [{ a: 1 }] as never, /an object \(Object\).*JSON\.stringify/s],
    ['an object without a prototype', 'SELECT ?', [Object.create(null)] as never, /an object \(Object\)/],
    ['a function', 'SELECT ?', [() => 1] as never, /is a function/],
    ['a missing name', 'SELECT :name', { nam: 1 } as never, /needs a value for :name, but the object has only: nam/],
    ['an inherited name', 'SELECT :toString', {} as never, /the object has no keys/],
    ['names for bare placeholders', 'SELECT ?', { a: 1 } as never, /placeholders without a name/],
  ];

  for (const [title, sql, parameters, message] of misuse) {
    it(`refuses ${title}`, () => {
      expect(() => bindValues(sql, parameters)).to.throw(SessionUsageError, message);
    });
  }

  const cases: readonly (readonly [string, string, never, readonly unknown[]])[] = [
    ['nothing', 'SELECT 1', undefined as never, []],
    ['values by position', 'SELECT ?, ?', [1, 'x'] as never, [1, 'x']],
    ['booleans', 'SELECT ?, ?', [true, false] as never, [1, 0]],
    ['bytes', 'SELECT ?', [new Uint8Array([1, 2])] as never, [Buffer.from([1, 2])]],
    ['null and bigint', 'SELECT ?, ?', [null, 1n] as never, [null, 1n]],
    ['an array for ?1', 'SELECT ?2, ?1', ['a', 'b'] as never, [{ 1: 'a', 2: 'b' }]],
    ['an array for $1, by number', 'SELECT $2, $1, $2', ['a', 'b'] as never, [{ 1: 'a', 2: 'b' }]],
    ['an array for names, by appearance', 'SELECT :x, :y, :x', ['a', 'b'] as never, [{ x: 'a', y: 'b' }]],
    ['bare and numbered placeholders', 'SELECT ?, ?3, ?', [1, 2, 3, 4] as never, [1, 4, { 3: 3 }]],
    ['names without their sign', 'SELECT :a, @b, $c', { a: 1, b: 2, c: 3 } as never, [{ a: 1, b: 2, c: 3 }]],
    ['names with their sign', 'SELECT :a, @b', { ':a': 1, '@b': 2 } as never, [{ a: 1, b: 2 }]],
    ['more names than are used', 'SELECT :a', { a: 1, b: 2 } as never, [{ a: 1 }]],
    ['placeholders in strings', 'SELECT \'?\', ":a", ?', [1] as never, [1]],
  ];

  for (const [title, sql, parameters, expected] of cases) {
    it(`binds ${title}`, () => {
      expect(bindValues(sql, parameters)).to.deep.equal(expected);
    });
  }
});
