import type { Sandbox, StatementEvent } from '../engine/index.js';
import { isSession } from '../sandbox/connection-names.js';

/** The statements that the app has sent since the running test began. */
export class StatementLog {
  #statements: StatementEvent[] = [];
  #sandboxes: readonly Sandbox[] = [];

  /** Oldest first. The list grows; it is another one for the next test. */
  readonly read = (): readonly StatementEvent[] => {
    this.#drain();
    return this.#statements;
  };

  /** Listens to sandboxes, beside whoever listens already. */
  watch(sandboxes: readonly Sandbox[]): void {
    this.#sandboxes = sandboxes;
    for (const sandbox of sandboxes) {
      const { observer } = sandbox;
      sandbox.observer = (statement) => {
        observer?.(statement);
        if (!isSession(statement.connection)) this.#statements.push(statement);
      };
    }
  }

  /** Forgets them: a test begins. */
  clear(): void {
    this.#drain();
    if (this.#statements.length > 0) this.#statements = [];
  }

  #drain(): void {
    for (const sandbox of this.#sandboxes) sandbox.drain?.();
  }
}
