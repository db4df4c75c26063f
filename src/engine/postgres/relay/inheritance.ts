import {
  type EndingTimeout,
  type EndingTimeouts,
  isEndingTimeout,
  NO_TIMEOUTS,
  readDuration,
} from './ending-timeouts.js';
import { quoteName } from './quote.js';
import { configuring } from './session-state.js';

/**
 * What a server gives to each new connection, by its own configuration, its database's or its role's, and what the
 * real connection has given up in exchange: there it would hold for the relay's own statements.
 */
export interface Inheritance {
  /** The statement that sets each setting, by its name. */
  readonly settings: ReadonlyMap<string, string>;
  readonly timeouts: EndingTimeouts;
}

export const NO_INHERITANCE: Inheritance = { settings: new Map(), timeouts: NO_TIMEOUTS };

/** @param values settings and their values */
export function inheritanceOf(values: readonly (readonly [name: string, value: string])[]): Inheritance {
  if (values.length === 0) return NO_INHERITANCE;

  const settings = new Map<string, string>();
  const timeouts = new Map<EndingTimeout, number>();
  for (const [name, value] of values) {
    if (isEndingTimeout(name)) timeouts.set(name, readDuration(value) ?? 0);
    else if (name === 'session_authorization') settings.set(name, `SET SESSION AUTHORIZATION ${quoteName(value)}`);
    else settings.set(name, configuring(name, value));
  }
  return { settings, timeouts };
}
