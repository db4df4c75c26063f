/**
 * Tells of an app that never reaches the Postgres database of the config: it takes its URL from another
 * variable, or was given one by somebody else, and so it works on a real database or on none.
 */

import type { Socket } from 'node:net';
import type { ResolvedDatabase } from '../config/index.js';
import { causesOf } from './report/causes.js';

const DEFAULT_PORT = 5432;
const HEADING = 'node_modules/lockstep/docs/troubleshooting.md#lockstep_other_database';

/** What drivers and ORMs say of a server that is not there, or does not know them. */
const UNREACHABLE =
  /\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|P1000|P1001|P1003|28P01|28000|3D000)\b|SASL: SCRAM|connect ENOENT|password authentication failed/;

/** The codes of errors that a sandbox answers with, or its server; they are in the message however an error has come. */
const OF_SANDBOX = /\(LOCKSTEP_(?:SERVER|CONNECTION_LOST|SANDBOX_LOST|STALL|HOLD_TIMEOUT|STRAGGLER|LEAK|REFUSED),/;

/** A socket of the app, as far as it matters here. */
type OtherSocket = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/**
 * What to add to the failure of a test during which the app could not reach a server, or was connected
 * to another one; undefined for other failures, and when the app has reached all databases.
 *
 * @param errors all that is known to have failed, bodies of answers too
 * @param unreached those that the app has sent nothing to since schema and seed were brought in
 * @param others open sockets that lead to no sandbox, asked for only if need be
 */
export function unreachedHint(
  errors: readonly unknown[],
  unreached: readonly ResolvedDatabase[],
  others: () => readonly OtherSocket[],
  env: NodeJS.ProcessEnv,
): string | undefined {
  if (unreached.length === 0) return undefined;
  const causes = errors.flatMap((error) => causesOf(error));
  // A server of the config's that is lost or not there is another matter: then Lockstep has said so itself.
  const texts = errors.filter((error) => typeof error === 'string');
  if ([...causes.map(({ message }) => message), ...texts].some((text) => OF_SANDBOX.test(text))) return undefined;
  const refused = causes.some(isUnreachable) || texts.some((text) => UNREACHABLE.test(text));
  const connected = refused ? [] : serversAmong(others(), env);
  if (!refused && connected.length === 0) return undefined;

  const elsewhere = connected.length === 0 ? '' : `, but it is connected to ${connected.join(', ')}`;
  const lines = [
    `The app has not reached ${listed(unreached)} in this run${elsewhere}.`,
    ...unreached.map(remedy),
    `(see ${HEADING})`,
  ];
  return lines.map((line) => `  ${line}`).join('\n');
}

/**
 * Warns of databases that the app has not reached although it has a connection to a Postgres server:
 * what it did there is real.
 *
 * @param sockets those that are open and lead to no sandbox
 */
export function warnOfOthers(
  unreached: readonly ResolvedDatabase[],
  sockets: readonly OtherSocket[],
  env: NodeJS.ProcessEnv,
): void {
  const others = serversAmong(sockets, env);
  if (unreached.length === 0 || others.length === 0) return;

  process.emitWarning(
    `The app never reached ${listed(unreached)}, but it is connected to ${others.join(', ')}: ` +
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

/** Addresses of Postgres servers that sockets lead to, by their port. */
function serversAmong(sockets: readonly OtherSocket[], env: NodeJS.ProcessEnv): string[] {
  const ports = portsOf(env);
  const found = sockets.flatMap(({ remoteAddress, remotePort }) =>
    remoteAddress !== undefined && remotePort !== undefined && ports.has(remotePort)
      ? [`${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`]
      : [],
  );
  return [...new Set(found)];
}

/** The ports at which servers are to be expected: the usual one, and those of the URLs in the environment. */
function portsOf(env: NodeJS.ProcessEnv): ReadonlySet<number> {
  const urls = Object.values(env).flatMap((value) => {
    const port = /^postgres(?:ql)?:\/\/[^\s/?#]*:(\d+)(?:[/?#]|$)/.exec(value ?? '')?.[1];
    return port === undefined ? [] : [Number(port)];
  });
  return new Set([DEFAULT_PORT, Number(env['PGPORT'] ?? DEFAULT_PORT), ...urls]);
}

function isUnreachable(error: Error): boolean {
  const { code } = error as { readonly code?: unknown };
  return UNREACHABLE.test(`${typeof code === 'string' ? code : ''} ${error.message}`);
}
