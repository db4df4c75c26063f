import type { Suite } from './shapes.js';
import { suiteGiven } from './suite.js';

const MANUAL = Symbol.for('lockstep.mocha.manual');

interface Marked extends Suite {
  [MANUAL]?: true;
}

/**
 * Leaves the tests and hooks of one `describe` alone, as `bridge.auto: false` does for all of them:
 * they run where mocha runs them, so that `sync` and `client` refuse to wait. Rollback, `session`
 * and `client.async` work as ever. Suites inside it are left alone too.
 *
 * @example
 * ```ts
 * import { manual } from 'lockstep/mocha';
 *
 * describe('still async', function () {
 *   manual(this);
 *   it('awaits', async () => expect((await client.async.get('/')).status).to.equal(200));
 * });
 * ```
 *
 * @param suite `this` of the function given to `describe`
 * @throws ConfigError when it is anything else, e.g. `this` of an arrow function.
 */
export function manual(suite: object): void {
  (suiteGiven(suite, 'manual(this)') as Marked)[MANUAL] = true;
}

/** Whether a suite is marked itself. */
export function isMarkedManual(suite: Suite): boolean {
  return (suite as Marked)[MANUAL] === true;
}
