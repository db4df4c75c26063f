import type { StatementFailure } from '../queries/index.js';
import { causesOf } from './report/causes.js';

/** What a hint of Lockstep's ends with; it comes with the database's own error. */
const OURS = /\(Lockstep, see [^)]+\)$/;

/**
 * What the sandbox has to do with one of the errors, which is the database's, for the report: drivers keep the hint beside the message,
 * where nobody sees it.
 *
 * @param errors all that is known to have failed, bodies of answers too
 * @param failures of the test's statements: an app that answers with an error's message only has lost its hint
 */
export function sandboxHint(errors: readonly unknown[], failures: readonly StatementFailure[]): string | undefined {
  const texts = errors.filter((error) => typeof error === 'string');
  for (const { hint, message } of failures)
    if (hint !== undefined && OURS.test(hint) && texts.some((text) => text.includes(message))) return `  ${hint}`;

  const causes = errors.flatMap((error) => causesOf(error));
  for (const { hint } of causes as readonly { readonly hint?: unknown }[])
    if (typeof hint === 'string' && OURS.test(hint)) return `  ${hint}`;
  return undefined;
}
