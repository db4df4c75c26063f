import type { SessionState } from '../session-state.js';
import type { Special } from '../special.js';
import type { Script } from '../statement.js';
import { afterResetAll, withSetting } from '../tracked.js';

/*
 * Before the first scope everything goes straight through, and nothing is emulated; only the
 * settings are remembered, because later they are the client's own.
 */

/** The client's session after a text was run. */
export function afterSetup(staged: SessionState, { statements }: Script): SessionState {
  return statements.reduce((state, { special }) => (special === undefined ? state : setUp(state, special)), staged);
}

/** The client's session after one statement. */
export function setUp(staged: SessionState, special: Special): SessionState {
  if (special.kind === 'set' && !special.local) return withSetting(staged, special.name, special.replay);
  if (special.kind === 'reset')
    return special.name === undefined
      ? { ...staged, settings: afterResetAll(staged.settings, new Map()) }
      : withSetting(staged, special.name, undefined);
  return staged;
}
