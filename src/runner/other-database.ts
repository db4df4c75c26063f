/**
 * Tells of an app that never reaches the Postgres database of the config: it takes its URL from another
 * variable, or was given one by somebody else, and so it works on a real database or on none.
 */

import type { Socket } from 'node:net';
import type { ResolvedDatabase } from '../config/index.js';

const DEFAULT_PORT = 5432;
const HEADING = 'node_modules/lockstep/docs/troubleshooting.md#lockstep_other_database';

/** What drivers and ORMs say of a server that is not there, or does not know them. */
const UNREACHABLE =
  /\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|P1000|P1001|P1003|28P01|28000|3D000)\b|SASL: SCRAM|connect ENOENT|password authentication failed/;

/** The codes of errors that are not merely about what the app did; they are in the message however an error has come. */
const OF_SANDBOX = /\(LOCKSTEP_(?!APP,|EXPECTATION,|REQUEST,)/;

/**
 * What to add to the failure of a test whose error says that a server cannot be reached; undefined
 * for other errors, and when the app has reached all databases.
 *
 * @param unreached those that the app has sent nothing to since the run began
 */
export function unreachedHint(error: unknown, unreached: readonly ResolvedDatabase[]): string | undefined {
  if (unreached.length === 0) return undefined;
  const causes = causesOf(error);
  // A server of the config's that is lost or not there is another matter: then Lockstep has said so itself.
  if (!causes.some(isUnreachable) || causes.some(({ message }) => OF_SANDBOX.test(message))) return undefined;

  const lines = [
    `The app has not reached ${listed(unreached)} in this run.`,
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
  sockets: readonly Pick<Socket, 'remoteAddress' | 'remotePort'>[],
  env: NodeJS.ProcessEnv,
): void {
  const ports = portsOf(env);
  const others = sockets.flatMap(({ remoteAddress, remotePort }) =>
    remoteAddress !== undefined && remotePort !== undefined && ports.has(remotePort)
      ? [`${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`]
      : [],
  );
  if (unreached.length === 0 || others.length === 0) return;

  process.emitWarning(
    `The app never reached ${listed(unreached)}, but it is connected to ${[...new Set(others)].join(', ')}: ` +
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

/** The ports at which servers are to be expected: the usual one, and those of the URLs in the environment. */
function portsOf(env: NodeJS.ProcessEnv): ReadonlySet<number> {
  const urls = Object.values(env).flatMap((value) => {
    const port = /^postgres(?:ql)?:\/\/[^\s/?#]*:(\d+)(?:[/?#]|$)/.exec(value ?? '')?.[1];
    return port === undefined ? [] : [Number(port)];
  });
  return new Set([DEFAULT_PORT, Number(env['PGPORT'] ?? DEFAULT_PORT), ...urls]);
}

/** The error, what caused it, and what these wrap. */
export function causesOf(error: unknown, depth = 0): readonly Error[] {
  if (!(error instanceof Error) || depth > 5) return [];

  const { parent, driverError } = error as { readonly parent?: unknown; readonly driverError?: unknown };
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error, ...[error.cause, parent, driverError, ...inner].flatMap((cause) => causesOf(cause, depth + 1))];
}

function isUnreachable(error: Error): boolean {
  const { code } = error as { readonly code?: unknown };
  return UNREACHABLE.test(`${typeof code === 'string' ? code : ''} ${error.message}`);
}
