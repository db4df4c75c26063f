import { inspect } from 'node:util';
import type { Rollback } from '../../config/index.js';
import { ConfigError } from '../../errors.js';
import type { Suite } from './shapes.js';
import { suiteGiven } from './suite.js';

const ROLLBACK = Symbol.for('lockstep.mocha.rollback');
const KINDS: readonly unknown[] = ['test', 'suite'] satisfies readonly Rollback[];

interface Marked extends Suite {
  [ROLLBACK]?: Rollback;
}

/**
 * What is rolled back as one in a `describe`, as `rollback` of the config says it for all of them: each test of it,
 * or with `'suite'` the whole of it at its end, so that its tests may build on each other. Suites inside it too.
 *
 * @example
 * ```ts
 * import { rollback } from 'lockstep/mocha';
 *
 * describe('an order, step by step', function () {
 *   rollback(this, 'suite');
 *   it('is placed', () => expect(client.post('/orders').status).to.equal(201));
 *   it('is listed', () => expect(client.get('/orders').body).to.have.length(1));
 * });
 * ```
 *
 * @param suite `this` of the function given to `describe`
 * @throws ConfigError when it is anything else, e.g. `this` of an arrow function, or when the kind is none.
 */
export function rollback(suite: object, kind: Rollback): void {
  const marked = suiteGiven(suite, "rollback(this, 'suite')") as Marked;
  if (!KINDS.includes(kind)) {
    throw new ConfigError({
      what: `rollback() was given ${inspect(kind)}.`,
      why: "Accepted is 'test' or 'suite'.",
      remedy: "Write rollback(this, 'suite').",
    });
  }
  marked[ROLLBACK] = kind;
}

/** What a suite says of it itself. */
export function ownRollback(suite: Suite): Rollback | undefined {
  return (suite as Marked)[ROLLBACK];
}
