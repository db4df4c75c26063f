import type { Suite } from './shapes.js';
import { suiteGiven } from './suite.js';

const OUTSIDE = Symbol.for('lockstep.mocha.outside');

interface Marked extends Suite {
  [OUTSIDE]?: true;
}

/** Whether a suite of this process is marked. */
let used = false;

/**
 * Runs one `describe` on a real, separate database without a sandbox: for what one shared transaction cannot do, such
 * as two transactions at a time. It is made when the first test or hook of the `describe` begins, with what schema
 * and seed of the config have brought in, and dropped behind the last. Its tests see what the ones before them have
 * committed: nothing is rolled back. Suites inside it are on the same database.
 *
 * @example
 * ```ts
 * import { outside } from 'lockstep/mocha';
 *
 * describe('workers of a queue', function () {
 *   outside(this);
 *   it('take a job each', async () => {
 *     const [one, two] = await Promise.all([takeJob(), takeJob()]); // FOR UPDATE SKIP LOCKED
 *     expect(one.id).not.to.equal(two.id);
 *   });
 * });
 * ```
 *
 * @param suite `this` of the function given to `describe`
 * @throws ConfigError when it is anything else, e.g. `this` of an arrow function.
 */
export function outside(suite: object): void {
  (suiteGiven(suite, 'outside(this)') as Marked)[OUTSIDE] = true;
  used = true;
}

/** Whether a suite is marked itself. */
export function isMarkedOutside(suite: Suite): boolean {
  return (suite as Marked)[OUTSIDE] === true;
}

/** Whether any suite is, of those that were loaded up to now. */
export function goesOutside(): boolean {
  return used;
}
