import { setting, type SessionState } from '../session-state.js';

/** Settings that change nothing of what a statement does or returns. */
export const COSMETIC: readonly string[] = ['application_name', 'client_min_messages'];

/**
 * The settings that the test's session leaves as it finds them. Its own would have to be brought
 * back whenever the turn passes between the app and the session, which is several times in a test.
 */
export class Borrowed {
  readonly #values = new Map<string, string | undefined>();

  /** The session's state with what is in force, except for what it has set itself. */
  take(state: SessionState, applied: SessionState['settings']): SessionState {
    let taken = state;
    for (const name of COSMETIC) {
      const [own, found] = [state.settings.get(name), applied.get(name)];
      if (own !== this.#values.get(name)) continue;

      this.#values.set(name, found);
      if (own !== found) taken = setting(taken, name, found);
    }
    return taken;
  }

  /** What the session has set itself, of settings that it had. */
  withoutBorrowed<Had extends Pick<SessionState, 'settings'>>(had: Had): Had {
    this.#values.clear();
    return { ...had, settings: new Map([...had.settings].filter(([name]) => !COSMETIC.includes(name))) };
  }
}
