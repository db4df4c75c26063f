import { IDENTITY } from './identity.js';
import type { Special } from './special.js';
import { added, removed, type SessionState, setting } from './session-state.js';

type Settings = SessionState['settings'];

/**
 * What a session is behind a statement that has succeeded.
 *
 * @param defaults settings that RESET goes back to
 */
export function tracked(staged: SessionState, special: Special, defaults: Settings): SessionState {
  switch (special.kind) {
    case 'set':
      return special.local
        ? { ...staged, local: added(staged.local, special.name) }
        : withSetting({ ...staged, local: removed(staged.local, special.name) }, special.name, special.replay);
    case 'reset':
      return special.name === undefined
        ? { ...staged, settings: afterResetAll(staged.settings, defaults) }
        : withSetting(staged, special.name, defaults.get(special.name));
    case 'constraints':
      return { ...staged, constraints: true };
    case 'cursor':
      return special.hold
        ? { ...staged, holds: added(staged.holds, special.name), cursors: removed(staged.cursors, special.name) }
        : { ...staged, holds: removed(staged.holds, special.name), cursors: added(staged.cursors, special.name) };
    case 'temporary':
      return { ...staged, ddl: true };
    default:
      return staged;
  }
}

/** Another session user has no role yet (SetSessionAuthorization in miscinit.c). */
export function withSetting(staged: SessionState, name: string, replay: string | undefined): SessionState {
  const state = setting(staged, name, replay);
  return name === 'session_authorization' ? setting(state, 'role', undefined) : state;
}

/** As whom the session's statements run stays as it is. */
export function afterResetAll(settings: Settings, defaults: Settings): Settings {
  const others = [...defaults].filter(([name]) => !IDENTITY.includes(name));
  return new Map([...[...settings].filter(([name]) => IDENTITY.includes(name)), ...others]);
}

/** Whether transactions of the session are read only where they do not say otherwise. */
export function readsOnly({ settings }: SessionState): boolean {
  let readOnly = false;
  for (const [name, replay] of settings) {
    if (name === 'default_transaction_read_only')
      readOnly = /\b(?:on|true|yes|1)\b/i.test(replay.slice(replay.search(/=|\bto\b|,/i)));
    if (name === 'session characteristics' && /\bread\s+(?:only|write)\b/i.test(replay))
      readOnly = /\bread\s+only\b/i.test(replay);
  }
  return readOnly;
}
