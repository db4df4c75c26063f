import { NPlusOneError, QueryCountError } from '../errors.js';
import { type QueryLog, queryReport } from '../queries/index.js';

/** Errors whose stack tells of the statements already. */
const told = new WeakSet<Error>();

/** What a failure is told of. */
interface Teller {
  readonly queries: QueryLog;
  /** A paragraph about what the error alone does not say. */
  hint(error: unknown): string | undefined;
}

/**
 * Lets the stack of a test's error, which every reporter prints, end with the statements of the test,
 * and with what else is known of it.
 */
export function tellQueries(error: unknown, teller: Teller): void {
  if (!(error instanceof Error) || told.has(error)) return;
  // These list what matters by themselves.
  if (error instanceof QueryCountError || error instanceof NPlusOneError) return;

  told.add(error);
  try {
    const { queries } = teller;
    const parts = [teller.hint(error), queries.rules.report ? queryReport(queries) : undefined];
    for (const part of parts) if (part !== undefined) error.stack = `${error.stack ?? String(error)}\n\n${part}`;
  } catch {
    // A frozen error, or one whose stack is of its own making: the failure itself matters more.
  }
}
