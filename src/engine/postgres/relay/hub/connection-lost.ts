import { SandboxLostError } from '../../../../errors.js';
import { timeoutOf } from '../ending-timeouts.js';

/**
 * The error of a sandbox whose connection to the server has ended.
 *
 * @param scope what was open: the scope's title, and the database's label where there are several
 * @param code SQLSTATE of the server's last words
 */
export function connectionLost(
  reason: string,
  { title, label }: { readonly title: string | undefined; readonly label: string | undefined },
  cause: unknown,
  code?: string,
): SandboxLostError {
  const timeout = timeoutOf(code);
  const during = title === undefined ? '' : ` during "${title}"`;
  const database = label === undefined ? '' : `, for the database ${label},`;

  return new SandboxLostError({
    what: `The connection to Postgres${database} ended${during}: ${reason}`,
    why:
      timeout === undefined
        ? 'The server was stopped, its process ended, or somebody terminated the connection. What was written in the open scopes is gone.'
        : `A function or trigger has set ${timeout} for the one connection that all share, whose transaction lasts as long as a suite. What was written in the open scopes is gone.`,
    remedy:
      timeout === undefined
        ? 'The next test connects anew. If this happens often, look into the log of the server.'
        : `The next test connects anew. Set ${timeout} by a statement of the app, by its driver, its role or its database: then it counts for the app's own transactions.`,
    cause,
  });
}
