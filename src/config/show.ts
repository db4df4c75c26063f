import { inspect } from 'node:util';

const LONGEST = 80;

/** A value as an error message shows it: one line, shortened. */
export function show(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 5, maxStringLength: LONGEST });

  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** `a`, `a or b`, `a, b or c`. */
export function either(words: readonly string[]): string {
  const last = words.at(-1) ?? '';

  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}
