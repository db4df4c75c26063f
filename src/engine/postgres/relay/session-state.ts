import { type EndingTimeout, type EndingTimeouts, NO_TIMEOUTS } from './ending-timeouts.js';
import { quoteLiteral, quoteName } from './quote.js';

/** A message of NOTIFY. */
export interface Notice {
  readonly channel: string;
  readonly payload: string;
}

/**
 * What a client's session has of its own. Never changed, only replaced: a rollback goes back to an
 * earlier one.
 */
export interface SessionState {
  /** The statement that sets each setting, by its name. */
  readonly settings: ReadonlyMap<string, string>;
  /** Settings that end with the transaction. */
  readonly local: ReadonlySet<string>;
  /** They are none of `settings`, because the server never has them. */
  readonly timeouts: EndingTimeouts;
  /** Those that end with the transaction. */
  readonly localTimeouts: EndingTimeouts;
  readonly listens: ReadonlySet<string>;
  /** To be delivered at the commit. */
  readonly notices: readonly Notice[];
  /** Temporary tables to which a commit does something, by their numbers in pg_class. */
  readonly temporary: ReadonlyMap<string, 'drop' | 'delete'>;
  /** Cursors that outlive their transaction. */
  readonly holds: ReadonlySet<string>;
  /** Cursors that end with the transaction. */
  readonly cursors: ReadonlySet<string>;
  /** Whether constraints were deferred by the client. */
  readonly constraints: boolean;
  /** Whether the schema was changed. */
  readonly ddl: boolean;
  /** Whether the transaction may only read; undefined if nothing but the session's default says so. */
  readonly readOnly: boolean | undefined;
  /** The isolation level that the transaction was begun with, in lower case; undefined for the session's default. */
  readonly isolation: string | undefined;
}

const NONE: ReadonlySet<string> = new Set();

export const FRESH: SessionState = {
  settings: new Map(),
  local: NONE,
  timeouts: NO_TIMEOUTS,
  localTimeouts: NO_TIMEOUTS,
  listens: NONE,
  notices: [],
  temporary: new Map(),
  holds: NONE,
  cursors: NONE,
  constraints: false,
  ddl: false,
  readOnly: undefined,
  isolation: undefined,
};

/** What is left of it after a commit. */
export function afterCommit(state: SessionState): SessionState {
  const { settings, timeouts, listens, temporary, holds } = state;
  // After most statements there is nothing that a commit ends.
  if (isLasting(state)) return state;
  const kept = [...temporary].filter(([, onCommit]) => onCommit === 'delete');
  return { ...FRESH, settings, timeouts, listens, temporary: new Map(kept), holds };
}

function isLasting(state: SessionState): boolean {
  const { local, localTimeouts, notices, temporary, cursors, constraints, ddl, readOnly, isolation } = state;
  if (constraints || ddl || readOnly !== undefined || isolation !== undefined) return false;
  return local.size + localTimeouts.size + notices.length + temporary.size + cursors.size === 0;
}

/** Whether two states differ at most in how the transaction was begun; states that are equal by chance may count as others. */
export function isSameSession(one: SessionState, other: SessionState): boolean {
  if (one === other) return true;
  const names = Object.keys(FRESH) as (keyof SessionState)[];
  return names.every((name) => name === 'readOnly' || name === 'isolation' || one[name] === other[name]);
}

/** What is left of it after a scope: no table or cursor of the server's. */
export function afterScope(state: SessionState): SessionState {
  return state.temporary.size + state.holds.size === 0 ? state : { ...state, temporary: new Map(), holds: NONE };
}

/** Whether a commit has something to do besides keeping what was written. */
export function commitHasWork({ local, temporary, constraints, ddl, cursors, notices }: SessionState): boolean {
  return constraints || ddl || local.size + temporary.size + cursors.size + notices.length > 0;
}

export function setting(state: SessionState, name: string, replay: string | undefined): SessionState {
  const settings = new Map(state.settings);
  settings.delete(name);
  if (replay !== undefined) settings.set(name, replay);
  return { ...state, settings };
}

/** @param local whether it ends with the transaction */
export function withTimeout(state: SessionState, name: EndingTimeout, value: number, local: boolean): SessionState {
  if (local) return { ...state, localTimeouts: new Map([...state.localTimeouts, [name, value]]) };

  const others = [...state.localTimeouts].filter(([other]) => other !== name);
  return { ...state, timeouts: new Map([...state.timeouts, [name, value]]), localTimeouts: new Map(others) };
}

export function added<Value>(set: ReadonlySet<Value>, value: Value): ReadonlySet<Value> {
  return set.has(value) ? set : new Set([...set, value]);
}

export function removed<Value>(set: ReadonlySet<Value>, value: Value | undefined): ReadonlySet<Value> {
  return value === undefined ? new Set() : new Set([...set].filter((other) => other !== value));
}

/** A statement that changes a setting. */
export interface SettingChange {
  readonly name: string;
  readonly sql: string;
}

/** What brings the real connection from one client's settings to another's. */
export function changeSettings(
  from: ReadonlyMap<string, string>,
  to: ReadonlyMap<string, string>,
): readonly SettingChange[] {
  if (from === to || (from.size === 0 && to.size === 0)) return [];

  const another = from.get(AUTHORIZATION) !== to.get(AUTHORIZATION);
  const leaving = another && from.has(AUTHORIZATION) ? [AUTHORIZATION] : [];
  const left = [...from.keys()].filter((name) => !to.has(name) && name !== AUTHORIZATION);
  // What a role was given may be what it must not take back. Another session user has no role.
  const resets = [...leaving, ...left].map((name) => ({ name, sql: resetting(name) }));
  const changes = [...to]
    .filter(([name, sql]) => from.get(name) !== sql || (another && name === 'role'))
    .map(([name, sql]) => ({ name, sql }));
  return [...resets, ...changes];
}

const AUTHORIZATION = 'session_authorization';

export function resetting(name: string): string {
  switch (name) {
    case 'role':
      return 'RESET ROLE';
    case 'session_authorization':
      return 'RESET SESSION AUTHORIZATION';
    case 'session characteristics':
      return 'RESET default_transaction_isolation;RESET default_transaction_read_only;RESET default_transaction_deferrable';
    default:
      return `RESET ${name.split('.').map(quoteName).join('.')}`;
  }
}

/** The statement that gives a setting a value. */
export function configuring(name: string, value: string): string {
  return `SELECT pg_catalog.set_config(${quoteLiteral(name)},${quoteLiteral(value)},false)`;
}
