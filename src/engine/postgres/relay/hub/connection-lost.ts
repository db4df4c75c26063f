import { SandboxLostError } from '../../../../errors.js';

/**
 * The error of a sandbox whose connection to the server has ended.
 *
 * @param scope what was open: the scope's title, and the database's label where there are several
 */
export function connectionLost(
  reason: string,
  { title, label }: { readonly title: string | undefined; readonly label: string | undefined },
  cause: unknown,
): SandboxLostError {
  const during = title === undefined ? '' : ` during "${title}"`;
  const database = label === undefined ? '' : `, for the database ${label},`;

  return new SandboxLostError({
    what: `The connection to Postgres${database} ended${during}: ${reason}`,
    why: 'The server was stopped, its process ended, or somebody terminated the connection. What was written in the open scopes is gone.',
    remedy: 'The next test connects anew. If this happens often, look into the log of the server.',
    cause,
  });
}
