// Tests of nothing: what is left is what it costs to run one.
describe('3,000 empty tests', () => {
  for (let i = 0; i < 3000; i++) it(`number ${i}`, () => {});
});
