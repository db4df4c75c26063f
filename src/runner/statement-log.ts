import type { Sandbox, StatementEvent } from '../engine/index.js';

/** Connection of the test's own session; its statements are not the app's. */
const SESSION = 'session';

/** The statements that the app has sent since the running test began. */
export class StatementLog {
  #statements: StatementEvent[] = [];
  #sandbox: Sandbox | undefined;

  /** Oldest first. The list grows; it is another one for the next test. */
  readonly read = (): readonly StatementEvent[] => {
    this.#sandbox?.drain?.();
    return this.#statements;
  };

  /** Listens to a sandbox, beside whoever listens already. */
  watch(sandbox: Sandbox): void {
    const { observer } = sandbox;

    this.#sandbox = sandbox;
    sandbox.observer = (statement) => {
      observer?.(statement);
      if (statement.connection !== SESSION) this.#statements.push(statement);
    };
  }

  /** Forgets them: a test begins. */
  clear(): void {
    this.#sandbox?.drain?.();
    if (this.#statements.length > 0) this.#statements = [];
  }
}
