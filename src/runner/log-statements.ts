import { debug } from '../bridge/index.js';
import type { Sandbox } from '../engine/index.js';
import { queueMicrotask } from '../real-time.js';

/** With `LOCKSTEP_DEBUG=1`, logs each statement of a sandbox, and each turn that is taken and kept. */
export function logStatements(sandbox: Sandbox): void {
  if (debug === undefined) return;

  const log = debug;
  const { observer } = sandbox;
  let holder: string | undefined;
  sandbox.observer = (statement) => {
    observer?.(statement);
    const { connection, sql, duration, rows, error } = statement;
    const outcome = error === undefined ? `${rows} rows` : error.message;
    log(`${connection}: ${sql} (${duration.toFixed(2)} ms, ${outcome})`);

    // The turn is given back, or kept, when the statement has returned.
    queueMicrotask(() => {
      const now = sandbox.leftovers().find(({ kind }) => kind === 'transaction')?.connection;
      if (now === holder) return;
      log(now === undefined ? `turn given back by ${holder}` : `turn kept by ${now}`);
      holder = now;
    });
  };
}
