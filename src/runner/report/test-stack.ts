import { headline, isFrame, isMachinery, isUsersFrame, messageOf } from '../../stack-text.js';
import type { Printer, Reportable } from '../adapter.js';

/** Errors that caused each other and are looked at. */
const CHAIN = 6;

/**
 * Makes the stack of a test's error, and those of what caused it, begin with the message and hold
 * frames of the user's code and its libraries only: none of the runner's, Node's or Lockstep's. With
 * LOCKSTEP_DEBUG=1 all are left.
 *
 * Reporters look for the message in the stack. Where it is not there they show the line that is in
 * its place: `Error`, as with Sequelize's errors, whose stacks are those of the caller; or a text that
 * somebody has changed since the stack was made.
 */
export function cleanStacks(error: Error): void {
  if (process.env['LOCKSTEP_DEBUG'] === '1') return;

  let at: unknown = error;
  for (let depth = 0; at instanceof Error && depth < CHAIN; depth++) {
    try {
      cleanStack(at);
    } catch {
      // A frozen error, or one whose stack is of its own making, is shown as it is.
    }
    at = at.cause;
  }
}

function cleanStack(error: Error): void {
  const { stack } = error as { readonly stack?: unknown };
  if (typeof stack !== 'string') return;

  const kept = withMessage(error, stack)
    .split('\n')
    .filter((line) => !isFrame(line) || !isMachinery(line))
    .join('\n');
  if (kept !== stack) error.stack = kept;
}

function withMessage(error: Error, stack: string): string {
  const message = messageOf(error);
  if (message === '' || (error.message !== '' && stack.includes(message))) return stack;

  const lines = stack.split('\n');
  const first = lines.findIndex(isFrame);
  const head = lines.slice(0, first < 0 ? lines.length : first).join('\n');
  const frames = first < 0 ? [] : lines.slice(first);
  // What the stack has in its place is mostly the name alone, or a part of the message.
  const former = head.replace(/^\w*(?: \[\w+\])?:?\s*/, '').trim();
  return [headline(error), ...(former === '' || message.includes(former) ? [] : [head]), ...frames].join('\n');
}

/** Puts the test's file into the stack of an error that no line of the user's has thrown. */
export function showTest(error: Error, { name, file }: Reportable): void {
  const { stack } = error as { readonly stack?: unknown };
  if (file === undefined || typeof stack !== 'string') return;
  if (stack.split('\n').some((line) => isFrame(line) && isUsersFrame(line))) return;

  try {
    error.stack = `${stack.trimEnd()}\n    at ${name} (${file})`;
  } catch {
    // A frozen error is shown as it is.
  }
}

/**
 * A stack with paragraphs behind it. Reporters find the message in a stack to tell the two apart; in
 * one whose message their own filter would change they would not find it, and show it twice.
 */
export function withParagraphs(error: Error, paragraphs: readonly string[], printer: Printer): string {
  const { message, stack: kept } = error as { readonly message: string; readonly stack?: unknown };
  const stack = typeof kept === 'string' && kept !== '' ? kept : headline(error);
  const at = message === '' ? -1 : stack.indexOf(message);
  const without = printer.showsMessage || message.split('\n').some((line) => printer.changes(line));
  const text = at >= 0 && without ? stack.slice(at + message.length).replace(/^\n/, '') : stack;

  return [text.trimEnd(), ...paragraphs].join('\n\n').replace(/^\n+/, '');
}
