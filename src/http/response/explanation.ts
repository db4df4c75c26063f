import { headline } from '../../stack-text.js';
import { excerpt } from '../parse.js';
import type { Response } from '../response.js';

/**
 * What the message of a failed expectation says of the answer. Where the app's error was thrown and what
 * SQL was sent is not in it: the runner's report tells that, once for all answers of the test, and
 * a reporter takes frames in a message for the beginning of the stack.
 */
export function explanation(response: Response): string {
  const { serverError, text } = response;
  const lines = [`body: ${excerpt(text)}`];

  if (serverError !== undefined) lines.push(`the app's error: ${headline(serverError).split('\n', 1)[0]}`);
  return [...lines, 'send it again:', `  ${response.toCurl()}`].join('\n  ');
}
