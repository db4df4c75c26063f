/** What a block of tests is ruled by: its own rule, one of a block around it, or the config's. */

import type { Rollback } from '../config/index.js';
import type { ScopeName } from '../engine/index.js';
import type { SuiteNode, UsedRules } from './adapter.js';

/**
 * The block with which the tests and hooks of a block are rolled back; undefined where each test is by itself.
 *
 * @param configured what the config says of blocks that say nothing
 */
export function rolledBackWith(suite: SuiteNode, configured: Rollback): SuiteNode | undefined {
  for (let at: SuiteNode | undefined = suite; at !== undefined; at = at.parent) {
    const { rollback, parent } = at;
    if (rollback !== undefined) return rollback === 'suite' ? at : undefined;
    // What is common to all files has no end before that of the run.
    if (configured === 'suite' && parent !== undefined && parent.parent === undefined) return at;
  }
  return undefined;
}

/** What a scope of the block says of ids. */
export function identitiesOf(suite: SuiteNode, used: UsedRules): ScopeName['identities'] {
  if (!used.identities) return undefined;
  for (let at: SuiteNode | undefined = suite; at !== undefined; at = at.parent)
    if (at.identities !== undefined) return at.identities;
  return 'configured';
}

/** The block that is run on a separate database and that a block belongs to, the outermost one; undefined in the sandbox. */
export function outsideOf(suite: SuiteNode, used: UsedRules): SuiteNode | undefined {
  let found: SuiteNode | undefined;
  // Asked before every test and hook.
  if (!used.outside) return found;
  for (let at: SuiteNode | undefined = suite; at !== undefined; at = at.parent) if (at.outside) found = at;
  return found;
}

/** Whether tests and hooks of the block are run where the runner calls them. */
export function isManual(suite: SuiteNode): boolean {
  for (let at: SuiteNode | undefined = suite; at !== undefined; at = at.parent) if (at.manual) return true;
  return false;
}

/** Whether a block is the other one, or around it. */
export function contains(outer: SuiteNode, inner: SuiteNode | undefined): boolean {
  for (let at = inner; at !== undefined; at = at.parent) if (at.id === outer.id) return true;
  return false;
}
