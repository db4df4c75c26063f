import { inspect } from 'node:util';
import { ConfigError } from '../../errors.js';
import type { Suite } from './shapes.js';

/**
 * The suite of mocha that a function for one `describe` was given.
 *
 * @param call what its user writes, e.g. `manual(this)`
 * @throws ConfigError when it is anything else, e.g. `this` of an arrow function.
 */
export function suiteGiven(value: unknown, call: string): Suite {
  if (isSuite(value)) return value;

  const name = /^\w+/.exec(call)?.[0] ?? call;
  throw new ConfigError({
    what: `${name}() was given ${inspect(value, { depth: -1 })}, which is no suite of mocha.`,
    why: 'It takes the `this` of the function given to describe(). An arrow function has none of its own, and a test has another.',
    remedy: `Write describe('…', function () { ${call}; … }).`,
  });
}

function isSuite(value: unknown): value is Suite {
  return typeof value === 'object' && value !== null && 'suites' in value && '_beforeEach' in value;
}
