import { causesOf } from './report/causes.js';

/** What a hint of Lockstep's ends with; it comes with the database's own error. */
const OURS = /\(Lockstep, see [^)]+\)$/;

/**
 * What the sandbox has to do with one of the errors, which is the database's, for the report: drivers keep the hint beside the message,
 * where nobody sees it.
 */
export function sandboxHint(errors: readonly unknown[]): string | undefined {
  const causes = errors.flatMap((error) => causesOf(error));
  for (const { hint } of causes as readonly { readonly hint?: unknown }[])
    if (typeof hint === 'string' && OURS.test(hint)) return `  ${hint}`;
  return undefined;
}
