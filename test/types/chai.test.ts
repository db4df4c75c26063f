import { expect } from 'chai';
import { session, sql } from '#src/index.js';
import lockstepChai from '#src/chai/index.js';
import * as chai from 'chai';

// Never called: the types are what is tested.
function written(response: object): void {
  chai.use(lockstepChai);
  expect(response)
    .to.have.status(201)
    .and.header('Location', /^\/providers/);
  expect(response).to.have.json({ name: 'Erste' });
  expect(response).to.redirectTo('/login');
  expect(response).to.have.cookie('sid');
  expect(session).to.have.row('providers', { name: 'Erste' }).and.count('providers', 2);
  expect(session).to.have.count('providers', { country: ['AT'] }, 1);
  expect(session).not.to.have.row('providers', sql`name like ${'E%'}`);

  expect(() => response).to.have.executed(3).queries;
  expect(() => response).not.to.have.executed({ max: 3, transactions: true }).queries;

  // @ts-expect-error -- a number of statements is a number or an object
  expect(() => response).to.have.executed('3').queries;
  // @ts-expect-error -- there is no such bound
  expect(() => response).to.have.executed({ most: 3 }).queries;
  // @ts-expect-error -- a status is a number
  expect(response).to.have.status('201');
  // @ts-expect-error -- the number of rows is missing
  expect(session).to.have.count('providers');
}

describe('the types of lockstep/chai', () => {
  it('are checked by the compiler', () => {
    void written;
  });
});
