import { SandboxLostError } from '../../../../errors.js';

/** The error of a sandbox whose connection to the server has ended. `title` is the scope that was open. */
export function connectionLost(reason: string, title: string | undefined, cause: unknown): SandboxLostError {
  return new SandboxLostError({
    what: `The connection to Postgres ended${title === undefined ? '' : ` during "${title}"`}: ${reason}`,
    why: 'The server was stopped, its process ended, or somebody terminated the connection. What was written in the open scopes is gone.',
    remedy: 'The next test connects anew. If this happens often, look into the log of the server.',
    cause,
  });
}
