import { isOwnFrame } from '../../own-frames.js';

/** Takes Lockstep's own frames out of an error that supertest made, so that the test's line comes first. */
export function dropOwnFrames(error: Error): void {
  try {
    const { stack } = error;
    if (typeof stack !== 'string' || !isOwnFrame(stack)) return;
    error.stack = stack
      .split('\n')
      .filter((line) => !/^\s+at /.test(line) || !isOwnFrame(line))
      .join('\n');
  } catch {
    // A frozen error is shown as it is.
  }
}

/** Shows, below the message of a failed expectation, what the answer was. supertest's message stays as it is. */
export function showAnswer(error: Error, sentence: string): void {
  try {
    const head = `${error.name}: ${error.message}`;
    if (error.stack?.startsWith(head) !== true || error.stack.includes(sentence)) return;
    error.stack = `${head}\n    ${sentence}${error.stack.slice(head.length)}`;
  } catch {
    // A frozen error is shown as it is.
  }
}

/** Takes away the frames inside supertest, which it puts below a line of dashes. */
export function dropInnerFrames(error: Error): void {
  const { stack } = error;
  const end = stack?.indexOf('\n----\n') ?? -1;
  if (stack !== undefined && end > 0) error.stack = stack.slice(0, end);
}
