import type { Suite } from './mocha-shapes.js';

const MANUAL = Symbol.for('lockstep.mocha.manual');

interface Marked {
  [MANUAL]?: true;
}

/**
 * Leaves the tests and hooks of one `describe` alone, as `bridge.auto: false` does for all of them:
 * they run where mocha runs them, so that `sync` and `client` refuse to wait. Rollback, `session`
 * and `client.async` work as ever.
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
 */
export function manual(suite: object): void {
  (suite as Marked)[MANUAL] = true;
}

/** Whether a suite, or one around it, is marked. */
export function isManual(suite: Suite): boolean {
  for (let at: Suite | undefined = suite; at !== undefined; at = at.parent) if ((at as Marked)[MANUAL]) return true;
  return false;
}
