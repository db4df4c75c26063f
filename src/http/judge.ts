import { RequestError } from '../errors.js';
import type { Failure } from './failures.js';
import type { RaiseServerErrors } from './options.js';
import { excerpt } from './parse.js';
import type { Response } from './response.js';

/**
 * What a client call has to throw for this answer, if anything. It is wrapped because an app may
 * throw any value, `undefined` too.
 */
export function failureToThrow(
  response: Response,
  failure: Failure | undefined,
  raise: RaiseServerErrors,
): { error: unknown } | undefined {
  if (raise === false) return undefined;

  const { status } = response;
  const failed = status >= 500 || failure?.late === true;
  if (failure?.kind === 'unhandled' && failed) return { error: failure.error };
  if (raise === '5xx' && status >= 500) return { error: failure?.error ?? unseenError(response) };
  return undefined;
}

function unseenError(response: Response): RequestError {
  return new RequestError({
    what: `${response.method} ${response.url} answered ${response.status}: ${excerpt(response.text)}`,
    why: "The app's own error handling made this response; the error behind it could not be seen.",
    remedy: "It is thrown because of raiseServerErrors: '5xx'; with 'unhandled' it would be returned.",
  });
}
