/** The sentences of a LockstepError's message, without the line of its code: what makes the same message again. */
export function sentencesOf(message: string): string {
  return message.slice(0, message.lastIndexOf('\n'));
}
