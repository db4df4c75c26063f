/**
 * Tells of an app that never reaches the Postgres database of the config: it takes its URL from another
 * variable, or was given one by somebody else, and so it works on a real database or on none.
 */

import type { ResolvedDatabase } from '../config/index.js';
import { causesOf } from './report/causes.js';

const HEADING = 'node_modules/lockstep/docs/troubleshooting.md#lockstep_other_database';

/** What drivers and ORMs say of a server that is not there, or does not know them. */
const UNREACHABLE =
  /\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|P1000|P1001|P1003|28P01|28000|3D000)\b|SASL: SCRAM|connect ENOENT|password authentication failed/;

/** The codes of errors that a sandbox answers with, or its server; they are in the message however an error has come. */
const OF_SANDBOX = /\(LOCKSTEP_(?:SERVER|CONNECTION_LOST|SANDBOX_LOST|STALL|HOLD_TIMEOUT|STRAGGLER|LEAK|REFUSED),/;

/**
 * What to add to the failure of a test when the app could not reach a server in it, or has connected
 * to another one in this run; undefined for other failures, and when the app has reached all databases.
 *
 * @param errors all that is known to have failed, bodies of answers too
 * @param unreached those that the app has sent nothing to since schema and seed were brought in
 * @param others addresses of servers that the process has connected to and that are no sandbox
 */
export function unreachedHint(
  errors: readonly unknown[],
  unreached: readonly ResolvedDatabase[],
  others: readonly string[],
): string | undefined {
  if (unreached.length === 0) return undefined;
  const causes = errors.flatMap((error) => causesOf(error));
  // A server of the config's that is lost or not there is another matter: then Lockstep has said so itself.
  const texts = errors.filter((error) => typeof error === 'string');
  if ([...causes.map(({ message }) => message), ...texts].some((text) => OF_SANDBOX.test(text))) return undefined;
  const refused = causes.some(isUnreachable) || texts.some((text) => UNREACHABLE.test(text));
  if (!refused && others.length === 0) return undefined;

  const elsewhere = refused ? '' : `, but it has connected to ${others.join(', ')}`;
  const lines = [
    `The app has not reached ${listed(unreached)} in this run${elsewhere}.`,
    ...unreached.map(remedy),
    `(see ${HEADING})`,
  ];
  return lines.map((line) => `  ${line}`).join('\n');
}

/**
 * Warns of databases that the app has not reached although it has connected to another server: what it
 * did there is real.
 *
 * @param others addresses of servers that the process has connected to and that are no sandbox
 */
export function warnOfOthers(unreached: readonly ResolvedDatabase[], others: readonly string[]): void {
  if (unreached.length === 0 || others.length === 0) return;

  process.emitWarning(
    `The app never reached ${listed(unreached)}, but it has connected to ${others.join(', ')}: ` +
      `what it does there is real and is not rolled back. ${unreached.map(remedy).join(' ')}`,
    { code: 'LOCKSTEP_OTHER_DATABASE' },
  );
}

function listed(databases: readonly ResolvedDatabase[]): string {
  return databases
    .map(({ key }) => (key === 'database' ? "the config's database" : `the config's ${key}`))
    .join(' and ');
}

function remedy({ key, env, swap }: ResolvedDatabase): string {
  if (env.length > 0)
    return `${key}.env sets ${env.join(', ')}: name the variable that the app takes its URL from, and let nothing set it anew (dotenv with override does).`;
  if (swap !== undefined) return `${key}.swap is given the URL: see that the app takes it from there.`;
  return `${key}.env names no variable: name the one that the app takes its URL from.`;
}

function isUnreachable(error: Error): boolean {
  const { code } = error as { readonly code?: unknown };
  return UNREACHABLE.test(`${typeof code === 'string' ? code : ''} ${error.message}`);
}
