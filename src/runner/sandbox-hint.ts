import { causesOf } from './other-database.js';

/** What a hint of Lockstep's ends with; it comes with the database's own error. */
const OURS = /\(Lockstep, see [^)]+\)$/;

/**
 * What the sandbox has to do with an error of the database, for the report: drivers keep the hint beside the message,
 * where nobody sees it.
 */
export function sandboxHint(error: unknown): string | undefined {
  for (const { hint } of causesOf(error) as readonly { readonly hint?: unknown }[])
    if (typeof hint === 'string' && OURS.test(hint)) return `  ${hint}`;
  return undefined;
}
