import { inspect } from 'node:util';
import { ConfigError } from '../errors.js';
import type { Suite } from './mocha-shapes.js';

const MANUAL = Symbol.for('lockstep.mocha.manual');

interface Marked {
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
  if (!isSuite(suite)) {
    throw new ConfigError({
      what: `manual() was given ${inspect(suite, { depth: -1 })}, which is no suite of mocha.`,
      why: 'It takes the `this` of the function given to describe(). An arrow function has none of its own, and a test has another.',
      remedy: "Write describe('…', function () { manual(this); … }).",
    });
  }
  (suite as Marked)[MANUAL] = true;
}

function isSuite(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'suites' in value && '_beforeEach' in value;
}

/** Whether a suite, or one around it, is marked. */
export function isManual(suite: Suite): boolean {
  for (let at: Suite | undefined = suite; at !== undefined; at = at.parent) if ((at as Marked)[MANUAL]) return true;
  return false;
}
