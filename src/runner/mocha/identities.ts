import { inspect } from 'node:util';
import type { Identities } from '../../config/index.js';
import { ConfigError } from '../../errors.js';
import { isParallelWorker } from './process.js';
import type { Suite } from './shapes.js';
import { suiteGiven } from './suite.js';

const RULE = Symbol.for('lockstep.mocha.identities');
const RULES: readonly unknown[] = ['keep', 'restart'] satisfies readonly Identities[];

interface Marked extends Suite {
  [RULE]?: Identities;
}

/** Whether a suite of this process has a rule of its own, or one that is loaded later may have. */
let used: boolean = isParallelWorker;

/**
 * What ids the tests of one `describe` begin with, as `database.identities` says it for all of them: with
 * `'restart'`, those of sequences, `serial` and identity columns are the same for each test. Suites inside it too.
 *
 * @example
 * ```ts
 * import { identities } from 'lockstep/mocha';
 *
 * describe('invoices', function () {
 *   identities(this, 'restart');
 *   it('has number 1', () => expect(client.post('/invoices').body.number).to.equal(1));
 * });
 * ```
 *
 * @param suite `this` of the function given to `describe`
 * @throws ConfigError when it is anything else, e.g. `this` of an arrow function, or when the rule is none.
 */
export function identities(suite: object, rule: Identities): void {
  const marked = suiteGiven(suite, "identities(this, 'restart')") as Marked;
  if (!RULES.includes(rule)) {
    throw new ConfigError({
      what: `identities() was given ${inspect(rule)}.`,
      why: "Accepted is 'keep' or 'restart'.",
      remedy: "Write identities(this, 'restart').",
    });
  }
  marked[RULE] = rule;
  used = true;
}

/** What a suite says of them itself. */
export function ownIdentities(suite: Suite): Identities | undefined {
  return (suite as Marked)[RULE];
}

export function usesIdentities(): boolean {
  return used;
}
