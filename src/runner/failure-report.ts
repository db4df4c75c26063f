import { NPlusOneError, QueryCountError } from '../errors.js';
import { type QueryLog, queryReport } from '../queries/index.js';

/** Errors whose stack tells of the statements already. */
const told = new WeakSet<Error>();

/** Lets the stack of a test's error, which every reporter prints, end with the statements of the test. */
export function tellQueries(error: unknown, log: QueryLog): void {
  if (!log.rules.report || !(error instanceof Error) || told.has(error)) return;
  // These list what matters by themselves.
  if (error instanceof QueryCountError || error instanceof NPlusOneError) return;

  told.add(error);
  try {
    const report = queryReport(log);
    if (report !== undefined) error.stack = `${error.stack ?? String(error)}\n\n${report}`;
  } catch {
    // A frozen error, or one whose stack is of its own making: the failure itself matters more.
  }
}
