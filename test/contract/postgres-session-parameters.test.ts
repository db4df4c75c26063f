import { createRequire } from 'node:module';

import { expect } from 'chai';
import fc from 'fast-check';

import { toWire } from '#src/engine/postgres/session/parameter.js';

const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils') as {
  prepareValue: (value: unknown) => unknown;
};

const values = fc.letrec((tie) => ({
  scalar: fc.oneof(
    fc.constantFrom(null, undefined, -0, Infinity, NaN, '', '"', '\\', 'NULL', '{}', "'"),
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.date({ noInvalidDate: true }),
    fc.date({ noInvalidDate: true, min: new Date(-99_999_999_999_999), max: new Date(0) }),
  ),
  bytes: fc.oneof(
    fc.uint8Array(),
    fc.int16Array(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  ),
  custom: fc.oneof(tie('scalar'), fc.array(tie('scalar'))).map((content) => ({ toPostgres: () => content })),
  converting: fc
    .oneof(tie('scalar'), fc.array(tie('scalar')))
    .map((content) => ({ toPostgres: (convert: (value: unknown) => unknown) => convert(content) })),
  element: fc.oneof({ maxDepth: 3 }, tie('scalar'), tie('bytes'), tie('list'), fc.object({ withDate: true })),
  list: fc.array(tie('element'), { maxLength: 5 }),
  value: fc.oneof(
    tie('scalar'),
    tie('bytes'),
    tie('list'),
    fc.object({ withDate: true }),
    tie('custom'),
    tie('converting'),
  ),
}));

describe('the conversion of parameters', () => {
  it('is that of pg', () => {
    fc.assert(
      fc.property(values.value, (value) => {
        expect(toWire(value)).to.deep.equal(prepareValue(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('is that of pg where toPostgres gives itself', () => {
    const circular = { toPostgres: (): unknown => circular };

    const message = 'circular reference detected while preparing "[object Object]" for query';
    expect(() => prepareValue(circular)).to.throw(message);
    expect(() => toWire(circular)).to.throw(message);
  });

  it('is that of pg for what JSON leaves out, and for what belongs to no class of ours', () => {
    const odd = [{ toJSON: () => undefined }, new Map([[1, 2]]), Symbol.iterator, Object.create(null), [, 1]]; // prettier-ignore

    // To pg, undefined is NULL as well.
    for (const value of odd) expect(toWire(value)).to.equal(prepareValue(value) ?? null);
  });
});
